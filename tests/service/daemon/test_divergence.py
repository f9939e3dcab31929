"""Recovery goes on from nothing but what it can make again: a record that is another one is named, and a break too."""

import asyncio
import dataclasses
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from kernel.blueprint import RiskConfig
from kernel.brackets import Exits
from kernel.errors import CheckFailed, LogCorrupt, UsageError
from kernel.events import Event
from kernel.limits import Limits
from kernel.messages import CandleClosed, MarketEnded, Report
from kernel.risk.protections import LosingStreak
from service.log.record import Chain, Head
from service.loop import run
from tests.kernel.given import LONG_AT, MINUTE, NEITHER_AT, OBEY, account, candles, strategy
from tests.service.both_ways import Setup
from tests.service.daemon.effort import examples
from tests.service.daemon.lives import Life
from tests.service.daemon.memory_log import MemoryLog
from tests.service.daemon.undisturbed import assert_undisturbed
from tests.service.drawn_setups import setups

# The third candle fills what turns the position around: a loss, so that the new one is to be closed amid that candle.
FLATTENED = Setup(
    (strategy(OBEY, name="s0"), strategy(OBEY, name="s1", exits=Exits(stop_loss=Decimal("0.01")))),
    [candles([LONG_AT, 490_03, 490_00, 480_00, 480_00])],
    account=account(kind="margin", leverage=Decimal(3)),
    risk=RiskConfig(Limits(), (LosingStreak(1, "flatten", 0),)),
)
HOLED = dataclasses.replace(FLATTENED, markets=[[*FLATTENED.stream[:2], *candles([490_00, 480_00], start=5 * MINUTE)]])
_MADE_AGAIN = (*Event.__args__, *Report.__args__)


def lived(setup):
    run(Life(setup).live(log := MemoryLog()))
    return log


async def recovered(life, log):
    """An engine that has recovered, and has seen nothing of the market yet."""
    engine = life.engine(await log.open("test"), log)
    writing = asyncio.create_task(engine.journal.write())
    try:
        await engine.recover(log)
    finally:
        writing.cancel()
    return engine


def forged(log, entries):
    """A log of these entries in the same groups as far as they go, its chain whole."""
    groups, head, place = [], Head(0, bytes(32)), 0
    for group in log.groups:
        part = entries[place : place + len(group)]
        place += len(group)
        if part:
            chain = Chain(epoch=group[0].epoch, head=head)
            groups.append(chain.extend(part))
            head = chain.head
    return MemoryLog(groups, epoch=log.epoch)


@examples(25)
@given(setups(markets=2, strategies_of=2), st.data())
def test_any_altered_event_or_report_is_named(setup, data):
    log = lived(setup)
    places = [place for place, entry in enumerate(log.entries) if isinstance(entry, _MADE_AGAIN)]
    place = data.draw(st.sampled_from(places))
    entries = log.entries
    entries[place] = replace(entries[place], ts=entries[place].ts + 1)
    with pytest.raises(CheckFailed, match=f"record {place + 1} does not come out again"):
        run(recovered(Life(setup), forged(log, entries)))


@examples(15)
@given(setups(markets=2, strategies_of=2), st.data())
def test_so_is_one_that_is_missing_or_there_twice(setup, data):
    log = lived(setup)
    entries = log.entries
    end = next(place for place, entry in enumerate(entries) if isinstance(entry, MarketEnded))
    places = [place for place, entry in enumerate(entries[:end]) if isinstance(entry, _MADE_AGAIN)]
    if not places:
        return
    place, twice = data.draw(st.sampled_from(places)), data.draw(st.booleans())
    other = entries[: place + twice] + entries[place + (not twice) :]
    if other == entries or entries[place : place + 1] == entries[place + 1 : place + 2]:
        return
    with pytest.raises(CheckFailed, match="does not come out again"):
        run(recovered(Life(setup), forged(log, other)))


def test_other_rules_decide_otherwise():
    log = lived(FLATTENED)
    first = next(record.seq for record in log.all if record.type == "OrderRequested")
    smaller = replace_strategy(FLATTENED, strategy(OBEY, name="s0", exits=Exits(stop_loss=Decimal("0.02"))))
    with pytest.raises(CheckFailed, match=f"record {first + 1} does not come out again") as failed:
        run(recovered(Life(smaller), log))
    assert failed.value.fix.startswith("start the candled that wrote it")


def replace_strategy(setup, first):
    return Setup((first, *setup.of[1:]), setup.markets, risk=setup.risk)


def test_another_candle_is_found_where_something_comes_of_it():
    log = lived(FLATTENED)
    entries = log.entries
    place = next(place for place, entry in enumerate(entries) if isinstance(entry, CandleClosed))
    entries[place] = replace(entries[place], close=NEITHER_AT)
    with pytest.raises(CheckFailed, match=f"record {place + 2} does not come out again"):
        run(recovered(Life(FLATTENED), forged(log, entries)))


def amid_a_candle(log):
    """The log as crashes leave it between the reports of a candle and that candle: once by a cancel, once an order."""
    found = []
    for place, group in enumerate(log.groups, 1):
        types = [record.type for record in group]
        since_fill = types[types.index("OrderFilled") :] if "OrderFilled" in types else []
        if since_fill and "CandleClosed" not in since_fill:
            found.append(log.cut(place))
    return found


@pytest.mark.parametrize("setup", [FLATTENED, HOLED], ids=["", "behind a gap"])
def test_amid_a_candle_everything_waits_until_the_feed_has_given_it(setup):
    found = amid_a_candle(lived(setup))
    assert [cut.all[-1].type for cut in found] == ["CancelRequested", "OrderRequested"]
    for cut in found:
        engine = run(recovered(Life(setup), cut))
        assert engine.trader.amid
        assert engine.kernel.state.ordinal == 2
        run(Life(setup).live(cut))
        assert_undisturbed(setup, cut)
        assert sum(record.type == "CandleGap" for record in cut.all) == (setup is HOLED)


def test_another_candle_than_the_one_that_was_amid_is_refused():
    stream = FLATTENED.stream
    stream[2] = replace(stream[2], open=491_00, high=491_00)
    for cut in amid_a_candle(lived(FLATTENED)):
        records = cut.all
        first = max(r.seq for r in records if r.type == "OrderAccepted") + 1
        with pytest.raises(CheckFailed, match=f"record {first} does not come out again"):
            run(Life(FLATTENED, stream=stream).live(cut))
        assert cut.all == records


def test_a_market_that_is_shorter_than_the_log_is_refused():
    """It ends where a candle should come whose reports are recorded."""
    for cut in amid_a_candle(lived(FLATTENED)):
        records = cut.all
        with pytest.raises(CheckFailed):
            run(Life(FLATTENED, stream=FLATTENED.stream[:2]).live(cut))
        assert cut.all == records


@examples(15)
@given(st.integers(0, 10_000), st.sampled_from(["payload", "seq", "hash", "type"]))
def test_a_record_that_is_not_what_was_written_ends_it(number, what):
    log = lived(FLATTENED)
    records = log.all
    place = number % len(records)
    other = {
        "payload": records[place].payload.replace(b"0", b"1", 1),
        "seq": records[place].seq + 1,
        "hash": bytes(32),
        "type": "DecisionMade" if records[place].type != "DecisionMade" else "OrderRequested",
    }[what]
    if other == getattr(records[place], what):
        return
    damaged = [*records[:place], records[place]._replace(**{what: other}), *records[place + 1 :]]
    with pytest.raises(LogCorrupt) as failed:
        run(recovered(Life(FLATTENED), MemoryLog([damaged], epoch=1)))
    assert failed.value.first_bad_seq == place + 1


def test_a_stream_that_was_opened_for_another_run_is_not_continued():
    log = lived(FLATTENED)
    entries = log.entries
    entries[0] = replace(entries[0], definition="another" * 9)
    with pytest.raises(UsageError, match="was opened for the run anotheranoth, not definition"):
        run(recovered(Life(FLATTENED), forged(log, entries)))

"""A daemon's log is replayed from itself: the market, commands and notes are in it, and several writers wrote it."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made import EMA_CROSS, MEAN_REVERSION, Ran, dataset, run, walk

from kernel.codec import EVENT_TYPES
from kernel.errors import NotFound
from kernel.messages import MarketMessage, Report
from service import loop
from service.compose import compose
from service.log.file import FileLogStore
from service.log.record import GENESIS, chained_hash
from service.replay import Replayed, replay, replay_log
from tests.service.daemon_log import (
    CANCEL,
    FLATTEN,
    GAP,
    REDUCE,
    RESUME,
    STALE,
    STARTED,
    chained,
    daemon_entries,
    write,
)  # fmt: skip

MARKET = {t.__name__ for t in MarketMessage.__args__}
REPORTS = {t.__name__ for t in Report.__args__}
MADE = REPORTS | set(EVENT_TYPES) | {"StreamOpened"}
OTHERS = {0: [STARTED], 40: [GAP], 60: [REDUCE], 80: [RESUME, STALE], 95: [CANCEL], 110: [FLATTEN], 120: [RESUME]}


@pytest.fixture(scope="module", params=["0", "90000"], ids=["at once", "with latency"])
def ran(request, tmp_path_factory) -> Ran:
    """A backtest with brackets around its entries, whose stops and targets are hit inside candles."""
    data_dir = tmp_path_factory.mktemp("stream")
    market = [dataset(data_dir, walk(120, 4))]
    overrides = (
        "strategy.exits.stop_loss=0.004", "strategy.exits.take_profit=0.004", "strategy.features.0.period=15",
        "strategy.gate.threshold=0.0005", "strategy.model.entry=1.0", "strategy.filters.1.candles=2",
        f"venue.latency_ms={request.param}",
    )  # fmt: skip
    return run(data_dir, market, MEAN_REVERSION, *overrides, first="2022-01-01T00:15Z")


@pytest.fixture(scope="module")
def entries(ran) -> list:
    return daemon_entries(ran.definition, ran.data_dir, OTHERS)


def some(records) -> list:
    """The places of all that was made, and of every fifth of the rest."""
    return [place for place, record in enumerate(records[:-1]) if record.type in MADE or place % 5 == 0]


def replayed(ran, recorded) -> Replayed:
    return replay(compose(ran.definition, ran.data_dir), recorded, keeps_market=True)


def rechained(records) -> list:
    """A forger's work: the same records, numbered and hashed so that the chain is whole."""
    made, previous = [], GENESIS
    for seq, record in enumerate(records, 1):
        numbered = record._replace(seq=seq)
        previous = chained_hash(previous, numbered)
        made.append(numbered._replace(hash=previous))
    return made


def altered(record):
    """The record with one digit of its payload changed: the last one that is not the event's time."""
    start = record.payload.index(b",", record.payload.index(b'"ts":'))
    place = max(i for i, byte in enumerate(record.payload) if chr(byte).isdigit() and i > start)
    digit = b"%d" % ((record.payload[place] - 48 + 1) % 10)
    return record._replace(payload=record.payload[:place] + digit + record.payload[place + 1 :])


def test_the_log_has_what_this_is_about(ran, entries):
    names = {type(entry).__name__ for entry in entries}
    assert names >= {"WarmupCandle", "CandleClosed", "SetTradingState", "CandleGap", "OrderFilled", "OrderCanceled"}
    undisturbed = daemon_entries(ran.definition, ran.data_dir)
    assert [e for e in undisturbed if type(e).__name__ not in MARKET] == ran.entries, "but for the market, a backtest's"


@given(st.lists(st.integers(1, 400), max_size=4))
@settings(max_examples=25)
def test_it_comes_out_equal_whoever_wrote_it(ran, entries, takeovers):
    assert replayed(ran, chained(entries, takeovers)) == Replayed(len(entries), None)


def test_it_is_replayed_while_it_is_read_however_it_was_appended(ran, entries, tmp_path):
    async def of_a_store(takeovers):
        store = FileLogStore(tmp_path / str(len(takeovers)))
        head = await write(store, "paper", entries, takeovers)
        composed = compose(ran.definition, ran.data_dir)
        counted = []
        outcome = await replay_log(composed, store, "paper", counted.append, keeps_market=True, ended=head)
        assert sum(counted) == outcome.events
        return outcome

    for takeovers in ((), (1,), (3, 150, 151, 207)):
        assert loop.run(of_a_store(takeovers)) == Replayed(len(entries), None)


def test_an_empty_stream_says_so(ran, tmp_path):
    async def of_an_empty_store():
        store = FileLogStore(tmp_path)
        await (await store.open("paper")).close()
        await replay_log(compose(ran.definition, ran.data_dir), store, "paper", keeps_market=True)

    with pytest.raises(NotFound, match="the log of paper is empty"):
        loop.run(of_an_empty_store())


def test_wherever_it_ends_it_is_equal_so_far(ran, entries):
    """Also between the reports of a candle and the candle, whose record comes behind them."""
    records = chained(entries, [100, 200])
    for last in some(records):
        assert replayed(ran, records[: last + 1]) == Replayed(last + 1, None), records[last]


def test_whatever_was_made_here_is_made_again_and_an_altered_record_of_it_is_named(ran, entries):
    records = chained(entries, [200])
    for place in some(records):
        record = records[place]
        changed = [*records[:place], altered(record), *records[place + 1 :]]
        log = rechained(changed) if record.type in MADE else changed
        assert replayed(ran, log).first_divergence.seq == record.seq, record


def test_a_record_of_it_that_is_dropped_or_doubled_is_named(ran, entries):
    records = chained(entries)
    for place in some(records):
        record = records[place]
        dropped, doubled = [*records[:place], *records[place + 1 :]], [*records[: place + 1], *records[place:]]
        if record.type not in MADE:
            assert replayed(ran, doubled).first_divergence.seq == record.seq + 1, record
            assert replayed(ran, dropped).first_divergence.seq <= record.seq, "reports stand before their candle"
        else:
            assert replayed(ran, rechained(dropped)).first_divergence.seq in (record.seq, record.seq + 1), record
            assert replayed(ran, rechained(doubled)).first_divergence.seq in (record.seq + 1, record.seq + 2), record


def test_an_epoch_that_falls_is_named(ran, entries):
    records = chained(entries, [100])
    back = [record._replace(epoch=1) if record.seq > 150 else record for record in records]
    assert replayed(ran, rechained(back)).first_divergence.seq == 151


NUMBERS = ["0", "-1", "1e400", str(2**63), str(10**40), '"NaN"', '"x"', "null"]


@pytest.mark.parametrize("kind", ["CandleClosed", "WarmupCandle", "SetTradingState", "CancelAllOrders", "CandleGap"])
def test_no_forged_input_can_stop_the_replay_from_an_answer(ran, entries, kind):
    """What came from outside is the log's own word, which its hashes and its anchor guard; it may be nonsense."""
    records = chained(entries)
    place = [p for p, record in enumerate(records) if record.type == kind][-1]
    fields = msgspec.json.decode(records[place].payload)
    for name in fields:
        for number in NUMBERS:
            forged = dict(fields) | {name: msgspec.Raw(number.encode())}
            record = records[place]._replace(payload=msgspec.json.encode(forged))
            outcome = replayed(ran, rechained([*records[:place], record, *records[place + 1 :]]))
            assert outcome.events >= place, (name, number)


def test_a_backtests_replay_is_not_fooled_by_a_log_that_holds_a_market(ran, entries):
    outcome = replay(compose(ran.definition, ran.data_dir), chained(daemon_entries(ran.definition, ran.data_dir)))
    assert outcome.first_divergence.seq == 2


def test_a_symbol_that_closes_at_once_with_another_and_orders_at_the_next_open(tmp_path):
    markets = [dataset(tmp_path, walk(200, seed), symbol) for seed, symbol in ((1, "BTC/USDT"), (2, "ETH/USDT"))]
    two = run(tmp_path, markets, EMA_CROSS, "venue.fill=next_open", "strategy.features.1.period=20")
    made = daemon_entries(two.definition, tmp_path, {50: [FLATTEN], 51: [RESUME]})
    assert {"OrderFilled", "TradingStateChanged"} <= {type(entry).__name__ for entry in made}
    assert replayed(two, chained(made, [70])) == Replayed(len(made), None)

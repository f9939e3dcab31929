"""The kernel loop: commands first, the market in whole instants, what comes too fast waits or is refused."""

import asyncio
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from kernel.errors import DatabaseUnavailable, UsageError
from kernel.events import TradingStateChanged
from kernel.messages import CancelAllOrders, MarketEnded, SetTradingState
from kernel.notes import CandleGap
from service.daemon import trader as traders
from service.daemon.inbox import BATCHES_MAX, COMMANDS_MAX
from service.loop import run
from tests.kernel.given import BTC, ETH, LONG_AT, NEITHER_AT, OBEDIENT, OBEY, candles, strategy
from tests.service.both_ways import Setup
from tests.service.daemon.effort import examples
from tests.service.daemon.lives import MARKET, Life
from tests.service.daemon.memory_log import MemoryLog
from tests.service.daemon.undisturbed import assert_undisturbed
from venues.simulation import SimulatedVenueConfig

HALT = SetTradingState(0, 0, "halted", "", flatten=False, actor="someone", key="k1")
CANCEL = CancelAllOrders(0, 0, "", "", "someone", "k2")
QUIET = candles([NEITHER_AT] * 6)
SLOW = SimulatedVenueConfig(latency_ms=250)
STILL = Setup(OBEDIENT, [QUIET])


async def trading(work, setup=STILL, *, started=True):
    """`work`, given an engine that has recovered; its kernel loop runs unless `work` is to start it."""
    log = MemoryLog()
    engine = Life(setup, restless=False).engine(await log.open("test"), log)
    parts = [asyncio.create_task(engine.journal.write())]
    await engine.recover(log)
    if started:
        parts.append(asyncio.create_task(engine.trader.run()))
    try:
        await work(engine, log)
        if not started:
            parts.append(asyncio.create_task(engine.trader.run()))
            await engine.trader.inbox.asked(engine.journal.all_durable)
    finally:
        for part in parts:
            part.cancel()
        await asyncio.gather(*parts, return_exceptions=True)
    return log


def kinds(log):
    return [record.type for record in log.all]


async def until(condition):
    while not condition():  # noqa: ASYNC110 - nothing tells
        await asyncio.sleep(0)


def test_commands_and_chores_come_before_the_market_that_waits():
    async def work(engine, _):
        await engine.trader.inbox.give(QUIET[:2])
        engine.trader.inbox.ask(lambda: engine.trader.note(CandleGap(0, 0, "BTC/USDT", 0, 0)))
        for command in (HALT, CANCEL):
            engine.trader.inbox.order(command)

    log = run(trading(work, started=False))
    assert kinds(log)[1:5] == ["SetTradingState", "TradingStateChanged", "CancelAllOrders", "CandleGap"]


def test_a_command_waits_for_no_more_than_the_instants_under_way():
    """A batch of many candles is taken in parts, and a command that comes meanwhile is turned behind the batch."""
    batch = candles([NEITHER_AT] * 300)

    async def work(engine, log):
        await engine.trader.inbox.give(batch)
        await until(lambda: engine.kernel.state.ordinal >= 128)
        assert engine.kernel.state.ordinal == 128
        answer = await engine.trader.inbox.order(HALT)
        assert log.record(answer.seq).type == "SetTradingState"

    log = run(trading(work, Setup(OBEDIENT, [batch])))
    assert next(entry for entry in log.entries if entry.__class__ is SetTradingState).after == 300


def test_an_answer_tells_what_was_derived_and_is_durable():
    async def work(engine, log):
        answer = await engine.trader.inbox.order(HALT)
        assert [type(event) for event in answer.events] == [TradingStateChanged]
        assert (answer.durable, answer.repeated) == ("log", False)
        assert log.entries[answer.seq - 1] == HALT
        again = await engine.trader.inbox.order(HALT)
        assert (again.seq, again.durable, again.repeated, again.events) == (answer.seq, "log", True, ())
        with pytest.raises(UsageError, match="the key k1 was used for another command"):
            await engine.trader.inbox.order(replace(HALT, state="active"))
        assert kinds(log) == ["StreamOpened", "SetTradingState", "TradingStateChanged"]

    run(trading(work))


def test_who_asked_may_have_gone():
    async def work(engine, log):
        engine.trader.inbox.order(HALT).cancel()
        engine.trader.inbox.order(replace(CANCEL, key="k1")).cancel()
        await engine.trader.inbox.order(CANCEL)
        assert kinds(log)[1:] == ["SetTradingState", "TradingStateChanged", "CancelAllOrders"]

    run(trading(work))


def test_queues_are_bounded():
    async def work(engine, _):
        trader = engine.trader
        for place in range(BATCHES_MAX):
            await trader.inbox.give(QUIET[place : place + 1])
        late = asyncio.create_task(trader.inbox.give(QUIET[BATCHES_MAX : BATCHES_MAX + 1]))
        await asyncio.sleep(0.01)
        assert not late.done()
        for number in range(COMMANDS_MAX):
            trader.inbox.order(replace(CANCEL, key=f"n{number}"))
        with pytest.raises(DatabaseUnavailable, match=f"{COMMANDS_MAX} commands wait already"):
            trader.inbox.order(CANCEL)
        running = asyncio.create_task(trader.run())
        await late
        await until(lambda: engine.kernel.state.ordinal == BATCHES_MAX + 1)
        running.cancel()

    log = run(trading(work, started=False))
    assert kinds(log).count("CancelAllOrders") == COMMANDS_MAX


def test_when_it_is_closed_no_market_comes_in_but_commands_do():
    async def work(engine, _):
        await engine.trader.inbox.give(QUIET[:2])
        engine.trader.inbox.close()
        await engine.trader.inbox.give(QUIET[2:4])
        engine.trader.inbox.order(HALT)

    log = run(trading(work, started=False))
    assert kinds(log) == ["StreamOpened", "SetTradingState", "TradingStateChanged"]


def test_the_markets_end_is_told_when_it_is_durable():
    async def work(engine, log):
        await engine.trader.inbox.give([*QUIET, MarketEnded(0, 0)])
        await engine.trader.ended.wait()
        assert MarketEnded(QUIET[-1].ts, len(QUIET)) in log.entries

    run(trading(work))


PAIR = (strategy(OBEY, name="s0"), strategy(OBEY, name="s1", symbols=("ETH/USDT",)))
TOGETHER = Setup(PAIR, [candles([LONG_AT, 500_02] * 4, of=of) for of in (BTC, ETH)], (BTC, ETH), venue=SLOW)


@examples(30)
@given(st.integers(1, 5), st.integers(0, 60), st.integers(0, 14), st.booleans())
def test_however_it_is_closed_no_instant_is_parted(at_once, moment, gap, restart):
    """Requests of a venue that answers later go out at the end of an instant: a stop, and a note, do not part one."""
    log, stream = MemoryLog(), TOGETHER.stream
    batch = [*stream[:gap], CandleGap(0, 0, "ETH/USDT", 0, 0), *stream[gap:]]

    async def stopped():
        life = Life(TOGETHER, restless=False)
        engine = life.engine(await log.open("test"), log)
        parts = [asyncio.create_task(engine.journal.write())]
        await engine.recover(log)
        parts.append(asyncio.create_task(engine.trader.run()))
        await engine.trader.inbox.give(batch)
        for _ in range(moment):
            await asyncio.sleep(0)
        engine.trader.inbox.close()
        await engine.trader.inbox.asked(lambda: engine.trader.note(CandleGap(0, 0, "BTC/USDT", 0, 0)))
        await engine.journal.all_durable()
        for part in parts:
            part.cancel()

    with patch.object(traders, "_AT_ONCE", at_once):
        run(stopped())
        ends = [message.ts for message in log.entries if message.__class__ in MARKET]
        assert len(ends) % 2 == 0
        run(Life(TOGETHER).live(log))
    assert_undisturbed(TOGETHER, log)

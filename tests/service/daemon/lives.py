"""Lives of a daemon's core over a drawn market, in memory: to the market's end, or cut off anywhere and begun again.

Engine, kernel loop, journal, candle rules and feed are the daemon's own. A venue that checks at every order that its
request is durable, and that no order comes under two names, stands in for the one that is asked.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from msgspec.structs import replace
from prometheus_client import CollectorRegistry

from kernel.features.engine import PlainEngine
from kernel.kernel import Kernel
from kernel.messages import CandleClosed, Command, MarketMessage, WarmupCandle
from kernel.notes import Note
from service.compose import Composed
from service.daemon.candles import CandleRules
from service.daemon.clock import market_clock
from service.daemon.engine import Engine
from service.daemon.failure import gravest
from service.daemon.handle import Ordered
from service.daemon.health import Health
from service.daemon.market import play
from service.daemon.plan import Plan
from service.daemon.reconciler import differences
from service.launch import Prepared
from service.log.record import decoded
from service.metrics.runtime import RuntimeMetrics
from tests.kernel.given import MINUTE, blueprint, opening
from tests.service.both_ways import Setup
from tests.service.daemon.memory_log import MemoryLog, MemorySnapshots
from venues.dataset import CandleBlock
from venues.recorded_feed import RecordedFeed
from venues.simulated import SimulatedVenue

COMMANDS = frozenset(Command.__args__)
NOTES = frozenset(Note.__args__)
MARKET = frozenset(MarketMessage.__args__)
_COLUMNS = ("open_time", "open", "high", "low", "close", "volume")
_TIMEFRAMES = {MINUTE: "1m", 5 * MINUTE: "5m"}


class Desk(SimulatedVenue):
    """The simulated venue, that takes an order only under the name of a durable record which asks for just that."""

    log: MemoryLog
    pause: Callable

    async def submit(self, request, client_order_id):
        prefix, epoch, seq = client_order_id.rsplit("-", 2)
        record = self.log.record(int(seq))
        assert decoded(record) == request, "what is sent is not what is durable"
        assert (prefix, int(epoch)) == ("definiti", record.epoch)
        assert self.log.sent.setdefault(request.order, client_order_id) == client_order_id, "sent under two names"
        await self.pause()
        outcome = await super().submit(request, client_order_id)
        await self.pause()
        return outcome

    async def cancel(self, client_order_id):
        assert client_order_id in self.log.sent.values()
        await self.pause()
        return await super().cancel(client_order_id)


@dataclass(frozen=True)
class _Manifest:
    symbol: str
    timeframe: str


@dataclass(frozen=True)
class _Candles:
    """A market's candles as a dataset has them, for the feed's history."""

    manifest: _Manifest
    candles: Sequence[CandleClosed]

    def blocks(self, *, first_ns=0, before_ns=2**62):
        rows = [c for c in self.candles if first_ns <= c.open_time < before_ns]
        yield CandleBlock(*(np.array([getattr(c, name) for c in rows], dtype=np.int64) for name in _COLUMNS))


@dataclass(frozen=True)
class _Feeder:
    stream: Sequence[MarketMessage]

    def messages(self):
        return iter(self.stream)


@dataclass
class Life:
    """What happens in a life besides the market. All places are numbers of market messages.

    `commands` are given behind such a message, `keep` are where a snapshot is made; with `look` the reconciler looks
    everywhere. Where it is `restless`, the log is written after every turn and amid what the venue is asked, so that
    groups are small.
    """

    setup: Setup
    commands: Mapping[int, Sequence[Command]] = field(default_factory=dict)
    keep: Collection[int] = ()
    look: bool = False
    restless: bool = True
    speed: float | None = None
    stream: Sequence[MarketMessage] | None = None
    answers: list[tuple[Command, Ordered]] = field(default_factory=list)

    def engine(self, writer: Any, log: MemoryLog, snapshots: MemorySnapshots | None = None) -> Engine:
        """An engine on the log, before its recovery."""
        setup = self.setup
        plan = replace(
            blueprint(setup.of, setup.instruments, setup.risk), make_engine=PlainEngine, lengths_ns=self.lengths
        )
        begins = opening(setup.instruments, of=setup.of, account_of=setup.account)
        venue = Desk(setup.venue, setup.instruments, begins.account, seed=setup.seed, detail=setup.detail)
        venue.log, venue.pause = log, _nothing
        composed = Composed(Kernel(plan), venue, None, begins)
        metrics = RuntimeMetrics(CollectorRegistry())
        engine = Engine(
            Plan(None, Prepared(None, composed, "step", ()), "definition", "test", Path(), Path(), None, True),
            writer,
            snapshots,
            health=Health(),
            metrics=metrics,
            now_ns=lambda: 0,
        )
        if self.restless:
            _make_restless(engine)
        return engine

    @property
    def lengths(self) -> tuple[int, ...]:
        return tuple(self.setup.lengths_ns) or (MINUTE,) * len(self.setup.instruments)

    async def live(self, log: MemoryLog, snapshots: MemorySnapshots | None = None) -> Engine:
        """From where the log ends to the market's end. Errors: the gravest of the parts'."""
        if snapshots is not None:
            snapshots.log = log
        engine = self.engine(await log.open("test"), log, snapshots)
        try:
            async with asyncio.TaskGroup() as group:
                parts = [group.create_task(engine.journal.write())]
                await engine.recover(log)
                if not engine.kernel.state.ended_market:
                    parts += [group.create_task(engine.trader.run()), group.create_task(self._play(engine))]
                    await engine.trader.ended.wait()
                for part in parts:
                    part.cancel()
        except BaseExceptionGroup as failed:
            raise gravest(failed) from None
        return engine

    async def _play(self, engine: Engine) -> None:
        setup, state = self.setup, engine.kernel.state
        stream = setup.stream if self.stream is None else self.stream
        clock = market_clock(0, self.speed)
        datasets = [
            _Candles(_Manifest(own.symbol, _TIMEFRAMES[length]), market)
            for own, length, market in zip(setup.instruments, self.lengths, setup.markets, strict=True)
        ]
        feed = RecordedFeed(_Feeder(stream), datasets, clock, skip=state.ordinal)
        rules = CandleRules(
            dict(zip([own.symbol for own in setup.instruments], self.lengths, strict=True)),
            feed, known=state.markets, first_ns=_window(setup), instants=setup.instants,
        )  # fmt: skip
        stops = {*self.commands, *self.keep} | (set(range(len(stream))) if self.look else set())
        await play(_Stopping(feed, self, engine, stops) if stops else feed, rules, engine.trader, lambda _: None)

    async def stopped(self, engine: Engine, done: int) -> None:
        """What is to happen when so many market messages have been turned; what was given before is given again."""
        trader = engine.trader
        for command in (c for place, commands in self.commands.items() if place <= done for c in commands):
            waiting = trader.inbox.order(command)
            waiting.add_done_callback(lambda told, command=command: self.answers.append((command, told.result())))
        if done in self.keep:
            trader.inbox.ask(engine.keep)
        if self.look:
            trader.inbox.ask(lambda: _no_differences(engine))


class _Stopping:
    """A feed that gives its batches in parts, and waits until what it gave has been turned at places between them."""

    def __init__(self, feed: RecordedFeed, life: Life, engine: Engine, stops: Collection[int]) -> None:
        self._feed, self._life, self._engine, self._stops = feed, life, engine, stops
        self.backfill = feed.backfill

    async def batches(self):
        done = self._engine.kernel.state.ordinal
        await self._stop(done)
        async for batch in self._feed.batches():
            start = 0
            for place in range(1, len(batch) + 1):
                ends = place == len(batch) or batch[place].ts != batch[place - 1].ts
                if place == len(batch) or (ends and done + place in self._stops):
                    yield batch[start:place]
                    await self._turned(done + place)
                    await self._stop(done + place)
                    start = place
            done += len(batch)

    async def _stop(self, done: int) -> None:
        await self._life.stopped(self._engine, done)

    async def _turned(self, count: int) -> None:
        while self._engine.kernel.state.ordinal < count:  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0)


async def _no_differences(engine: Engine) -> None:
    assert await differences(engine.session) == []


def _make_restless(engine: Engine) -> None:
    turned = engine.journal.turned

    async def written() -> None:
        if engine.journal.pending and not engine.journal.rehearsing:
            engine.journal._work.set()
        for _ in range(3):
            await asyncio.sleep(0)

    async def turned_and_written() -> None:
        await turned()
        await written()

    engine.journal.turned, engine.venue.pause = turned_and_written, written


async def _nothing() -> None:
    pass


def _window(setup: Setup) -> int | None:
    """When the window begins, where there is history before it."""
    every = [candle for market in setup.markets for candle in market]
    if not any(isinstance(candle, WarmupCandle) for candle in every):
        return None
    return min((c.open_time for c in every if not isinstance(c, WarmupCandle)), default=None)

"""A daemon in memory: a real kernel and session beside the simulated venue, its journal a list."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from msgspec.structs import replace

from kernel.blueprint import RiskConfig
from kernel.brackets import Exits
from kernel.codec import decode
from kernel.errors import DatabaseUnavailable, UsageError
from kernel.features.declaration import feature
from kernel.features.declaration import group as group_of
from kernel.kernel import Kernel
from kernel.messages import CancelAllOrders, Command, MarketMessage, SetTradingState
from kernel.models.cross import Cross
from service.daemon.handle import Committed, Ordered
from service.daemon.health import Health
from service.definition import MarketDefinition, RunDefinition, StrategyDefinition, Window
from service.explanation import Explanation, Standing
from service.journal import BatchJournal
from service.log.record import Head
from service.session import Session
from tests.kernel.given import (
    BTC,
    ETH,
    FLAT_AT,
    LONG_AT,
    MINUTE,
    NEITHER_AT,
    OBEY,
    ListWriter,
    blueprint,
    candles,
    finish,
    merged,
    opening,
    strategy,
)
from venues.simulated import SimulatedVenue
from venues.simulation import SimulatedVenueConfig

GROUP = "trend"
STRATEGIES = (
    strategy(OBEY, name="obedient", exits=Exits(stop_loss=Decimal("0.2"), take_profit=Decimal("0.2"))),
    strategy(
        Cross("fast", "slow"),
        group_of(GROUP, feature("fast", "ema", period=2), feature("slow", "ema", period=4)),
        name="cross",
    ),
)
MARKETS = (BTC, ETH)


class _Journal(BatchJournal):
    keeps_market = True


@dataclass
class Daemon:
    """See service/daemon/handle.py. `up` is false while the database is away; what is spooled is in `spool`.

    A command waits for `gate`, which tests close.
    """

    stream: str = "paper"
    run: str = "ab" * 32
    epoch: int = 7
    health: Health = field(default_factory=Health)
    listeners: list[Committed] = field(default_factory=list)
    up: bool = True
    spool: list[Command] = field(default_factory=list)
    asked: list[Command] = field(default_factory=list)
    keys: dict[str, tuple[Command, int]] = field(default_factory=dict)
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        begins = opening(MARKETS, of=STRATEGIES)
        self.kernel = Kernel(blueprint(STRATEGIES, MARKETS))
        self.definition = RunDefinition(
            schema=2,
            strategies=tuple(StrategyDefinition(s, None, "cd" * 16, "") for s in STRATEGIES),
            kernel_code="k",
            venues_code="v",
            venue=SimulatedVenueConfig(),
            account=begins.account,
            risk=RiskConfig(),
            markets=tuple(MarketDefinition("ef" * 32, "binance", "1m", market) for market in MARKETS),
            window=Window(),
            seed=0,
        )
        self.writer = ListWriter(epoch=self.epoch)
        venue = SimulatedVenue(SimulatedVenueConfig("next_open"), MARKETS, begins.account, seed=0)
        self.session = Session(self.kernel, venue, _Journal(self.writer, wire_prefix="t"))
        finish(self.session.message(begins))
        self._commit()
        self.health.say("daemon")
        self.gate.set()

    @property
    def head(self) -> Head:
        return self.session.journal.chain.head

    def market(self, messages: Sequence[MarketMessage]) -> None:
        finish(self.session.market(messages))
        self._commit()

    def lives(self, minutes: int = 12) -> "Daemon":
        """Some minutes in which it buys and sells, and holds one unit at their end, with its guards."""
        wishes = [LONG_AT, NEITHER_AT, FLAT_AT, NEITHER_AT]
        closes = [wishes[minute % 4] + 100 * (minute % 3) for minute in range(minutes - 2)] + [LONG_AT, NEITHER_AT]
        begun = max(market.open_time for market in self.kernel.state.markets.values())
        start = begun + MINUTE if begun >= 0 else 0
        self.market(merged(candles(closes, start=start), candles(closes[::-1], of=ETH, start=start)))
        return self

    async def order(self, command: Command) -> Ordered:
        self.asked.append(command)
        await self.gate.wait()
        before, seq = self.keys.get(command.key, (command, 0))
        if before != command:
            raise UsageError(f"the key {command.key} was used for another command", fix="use a new key")
        if seq:
            return Ordered(seq, "log", repeated=True)
        if not self.up and not isinstance(command, SetTradingState | CancelAllOrders):
            raise DatabaseUnavailable("the database cannot be reached", fix="start it")
        state = self.kernel.state
        first = self.head.seq + 1
        self.keys[command.key] = command, first
        finish(self.session.message(replace(command, ts=state.ts, after=state.ordinal)))
        if not self.up:
            self.spool.append(command)
            self.session.journal.pending.clear()
            return Ordered(0, "spool")
        self._commit()
        entries = [decode(r.type, r.schema_version, r.payload) for r in self.writer.records[first:]]
        derived = [entry for entry in entries if not hasattr(entry, "after")]
        return Ordered(first, "log", tuple(derived))

    def _commit(self) -> None:
        first, entries = self.head.seq + 1, tuple(self.session.journal.pending)
        finish(self.session.journal.flush())
        for listener in self.listeners:
            listener(first, entries)


async def explain(*, at: int, symbol: str, strategy: str) -> Explanation:
    """Of what the real one says, the shape."""
    if not symbol:
        raise UsageError("the run has 2 to choose from", fix="add --symbol")
    standing = Standing("0", 0, "active", (), "1", "USDT")
    return Explanation(1, strategy, {"symbol": symbol, "at": str(at)}, "skipped", "gate", standing, (), (), (), ())

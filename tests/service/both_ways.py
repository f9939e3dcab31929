"""One run in both modes, in memory: message by message, and in blocks. All that either of them does is compared."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import msgspec
import numpy as np

from kernel.account import Account
from kernel.blueprint import RiskConfig
from kernel.features.block_engine import BlockEngine
from kernel.features.engine import PlainEngine
from kernel.instrument import Instrument
from kernel.kernel import Kernel
from kernel.messages import CandleClosed, InstantClosed, MarketMessage, WarmupCandle
from kernel.models.rotation import Rotation
from kernel.wake import next_row
from service.block import BlockRunner
from service.journal import BatchJournal
from service.session import Session
from tests.kernel.given import (
    BTC,
    MINUTE,
    UNLIMITED,
    ListWriter,
    Ran,
    Strategies,
    all_of,
    blueprint,
    ending,
    finish,
    merged,
    opening,
)  # fmt: skip
from venues.dataset import CandleBlock
from venues.historical import Slice
from venues.matching.floor import Detail
from venues.simulated import SimulatedVenue
from venues.simulation import SimulatedVenueConfig

NEXT_OPEN = SimulatedVenueConfig()
_COLUMNS = ("open_time", "open", "high", "low", "close", "volume")


@dataclass(frozen=True)
class Setup:
    """A run. `markets` are the candles of each instrument, history first; `lengths_ns` a minute each unless given."""

    of: Strategies
    markets: Sequence[Sequence[CandleClosed]]
    instruments: Sequence[Instrument] = (BTC,)
    lengths_ns: Sequence[int] = ()
    account: Account | None = None
    risk: RiskConfig = UNLIMITED
    venue: SimulatedVenueConfig = NEXT_OPEN
    detail: Detail | None = None
    seed: int = 0

    @property
    def instants(self) -> bool:
        """Whether a strategy decides when all candles of a time have come."""
        return any(isinstance(of.model, Rotation) for of in all_of(self.of))

    @property
    def stream(self) -> list[MarketMessage]:
        """All messages in processing order."""
        together = merged(*self.markets)
        return _with_instants(together) if self.instants else together

    def begun(self, engine: type) -> tuple[Kernel, SimulatedVenue, Session, ListWriter]:
        """Kernel, venue and session, opened."""
        plan = msgspec.structs.replace(
            blueprint(self.of, self.instruments, self.risk),
            make_engine=engine, lengths_ns=tuple(self.lengths_ns) or (MINUTE,) * len(self.instruments),
        )  # fmt: skip
        begins = opening(self.instruments, of=self.of, account_of=self.account)
        kernel, writer = Kernel(plan), ListWriter()
        venue = SimulatedVenue(self.venue, self.instruments, begins.account, seed=self.seed, detail=self.detail)
        session = Session(kernel, venue, BatchJournal(writer, wire_prefix="t"))
        finish(session.message(begins))
        return kernel, venue, session, writer


def _with_instants(market: Sequence[MarketMessage]) -> list[MarketMessage]:
    """Behind the candles of each time its end, where not all of them are history."""
    found: list[MarketMessage] = []
    for ts, at_once in groupby(market, key=lambda message: message.ts):
        found += (candles := list(at_once))
        if any(type(candle) is CandleClosed for candle in candles):
            found.append(InstantClosed(ts))
    return found


def stepped(setup: Setup) -> Ran:
    """Message by message."""
    kernel, venue, session, writer = setup.begun(PlainEngine)
    finish(session.market(setup.stream))
    return _ended(setup, kernel, venue, session, writer)


def in_blocks(setup: Setup, cuts: Sequence[int] = (), search: Callable[..., int] = next_row) -> Ran:
    """In pieces that end at the times `cuts`."""
    kernel, venue, session, writer = setup.begun(BlockEngine)
    runner = BlockRunner(session, venue, search, instants=setup.instants)
    for slices in slices_of(setup.markets, cuts):
        finish(runner.market(slices))
    return _ended(setup, kernel, venue, session, writer)


def _ended(setup: Setup, kernel: Kernel, venue: SimulatedVenue, session: Session, writer: ListWriter) -> Ran:
    finish(session.message(ending(setup.stream)))
    finish(session.journal.flush())
    return Ran(kernel, venue, writer.records, session.journal.chain.decisions.hexdigest())


def slices_of(markets: Sequence[Sequence[CandleClosed]], cuts: Sequence[int]) -> Iterator[Sequence[Slice]]:
    """The markets as pieces that end at the times `cuts`."""
    bounds = [-1, *sorted(set(cuts)), 2**62]
    for after, until in zip(bounds, bounds[1:], strict=False):
        slices = []
        for market in markets:
            part = [m for m in market if after < m.ts <= until]
            columns = [np.array([getattr(m, name) for m in part], dtype=np.int64) for name in _COLUMNS]
            slices.append(Slice(CandleBlock(*columns), sum(isinstance(m, WarmupCandle) for m in part)))
        if any(len(given.block.open_time) for given in slices):
            yield slices


def assert_same(setup: Setup, cuts: Sequence[int] = ()) -> Ran:
    """The same records, and the same state of kernel and venue at the end. Gives the run that was stepped."""
    one, other = stepped(setup), in_blocks(setup, cuts)
    assert [(r.type, r.payload) for r in other.records] == [(r.type, r.payload) for r in one.records]
    assert other.records == one.records
    assert other.digest == one.digest
    assert other.venue._state == one.venue._state
    assert other.kernel.fingerprint() == one.kernel.fingerprint()
    return one

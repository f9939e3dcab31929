"""The floor on which orders meet prices: the rules of every market, and the state that matching changes."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Protocol

from kernel.account import Account
from kernel.instrument import Instrument
from kernel.messages import OrderFilled
from kernel.money import ZERO, add, total
from venues.matching.closes import Closes
from venues.matching.holdings import Holdings
from venues.matching.match import Match
from venues.matching.path import Bar
from venues.matching.rules import Rules
from venues.matching.state import VenueState
from venues.matching.working import Book
from venues.simulation import SimulatedVenueConfig

__all__ = ["Detail", "Floor"]


class Detail(Protocol):
    """Finer candles of the same markets."""

    def inside(self, symbol: str, open_time: int, close_ts: int) -> Sequence[tuple[int, int, int, int, int, int]]:
        """Those inside a candle, in its units: open time, open, high, low, close, volume. Empty: none are known."""


class Floor:
    """See the module. `knows_volume` says whether fills at a close ask for its candle's volume.

    `is_simple`: nothing but an order and a candle decides how much of it is filled at its open.
    """

    def __init__(
        self,
        config: SimulatedVenueConfig,
        instruments: Sequence[Instrument],
        account: Account,
        *,
        seed: int,
        detail: Detail | None,
    ) -> None:
        self.rules: Mapping[str, Rules] = {i.symbol: Rules(config, i, seed) for i in instruments}
        self.detail = detail
        self.is_instant = config.latency_ms == config.latency_jitter_ms == 0
        self.fills_at_close = config.fill == "same_close" and self.is_instant
        self.is_simple = detail is None and config.volume_share is None
        self.knows_volume = self.fills_at_close and (config.volume_share is not None or config.impact_rate > ZERO)
        self._closes = Closes(instruments, {})
        self.holdings = Holdings(account, sorted({i.base for i in instruments}), {}, self._closes)
        self.put(VenueState(dict(account.balances)))

    def put(self, state: VenueState) -> None:
        """Go on from a state."""
        self.state = state
        self._closes.units = state.closes
        self.holdings.balances = state.balances

    def match(self, book: Book, bar: Bar, budget: Decimal | None, ts: int) -> Match:
        """A book against a candle that the venue is shown now."""
        return Match(self.rules[book.symbol], book, self.holdings, bar, budget, ts, self.state.ordinal)

    def commit(self, match: Match) -> None:
        """Make what a match came to the state of the venue."""
        state, book = self.state, match.book
        state.books[book.symbol][book.strategy] = book
        self.holdings = match.holdings
        state.balances = match.holdings.balances
        for order, status in match.ends:
            state.note_end(book, order, status)
        if self.knows_volume:
            fills = (report.quantity for report in match.reports if isinstance(report, OrderFilled))
            state.used[book.symbol] = add(state.used.get(book.symbol, ZERO), total(fills))

"""The market side of a venue: what comes in as it happens, and the time it happens in.

A feed decides nothing and mends nothing: what it gives twice, late or not at all is the candle rules' to judge
(service/daemon/candles.py).
"""

from collections.abc import AsyncIterator, Sequence
from typing import NamedTuple, Protocol

from kernel.messages import CandleClosed, MarketMessage

__all__ = ["Clock", "Feed", "Hole", "MarketClock"]


class Clock(Protocol):
    """The time of the market, ns since 1970, UTC: the world's for a live feed, the recording's for a recorded one."""

    def now_ns(self) -> int:
        """What time it is in the market. It never goes back, but where the world's own clock is set back."""

    async def sleep_until(self, ts_ns: int) -> None:
        """Return once it is `ts_ns` or later. Where that is so already, others of the loop still get their turn."""


class MarketClock(Clock, Protocol):
    """The clock of a recording, which the feed sets going."""

    def start(self, ts_ns: int) -> None:
        """It is `ts_ns` now, and time begins to pass. Until then it stands."""

    def due_ns(self) -> int:
        """What has an event time up to this one need not be waited for."""


class Hole(NamedTuple):
    """Candles of a market that should have come and did not: those that open from `first` to `last`, ns."""

    symbol: str
    first: int
    last: int


class Feed(Protocol):
    """Closed candles of the run's markets, and the ends of instants where a strategy waits for them."""

    def batches(self) -> AsyncIterator[Sequence[MarketMessage]]:
        """What comes, in the order it comes: each batch is what is there at once. Ends when the market does."""

    async def backfill(self, holes: Sequence[Hole]) -> Sequence[CandleClosed]:
        """What the feed's history has of these candles: all, some or none of them, in any order.

        Only candles that have closed. It answers in bounded time: a feed that cannot ask its history gives nothing.
        """

    async def resubscribe(self, symbol: str) -> None:
        """Ask for a market's candles anew, since they stay away. It returns at once; nothing tells whether it helps."""

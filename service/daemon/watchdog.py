"""The watchdog of the feed: a market whose candles stay away is noted, and its feed is asked to subscribe anew.

A connection may be alive and silent: only the candles tell. Silence is measured in the market's time, so that a halt of
a recorded market is one too. A recording that is played as fast as it is taken has no silence, and no watchdog.
"""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from kernel.notes import FeedChanged
from kernel.timeframe import NS_PER_SECOND
from venues.feed import Clock, Feed

__all__ = ["FeedWatchdog", "Look", "watch"]

_LOOKS = 10  # in the shortest silence that is too long: a stale market is known a tenth of it late


class Look(NamedTuple):
    """What a look found: the markets that went stale or came alive, and those to be asked for anew."""

    changed: Sequence[FeedChanged]
    asked: Sequence[str]


class FeedWatchdog:
    """Tells stale markets from live ones. `lengths` are those of their candles, ns.

    A market is stale when the newest candle closed more than `stale_after` candles ago, and more than `stale_after_s`
    seconds; from the first look on, what was before is no silence. It must be so at two looks in a row: when the
    program itself was held up, what came meanwhile is found between them. After each further such time it is asked for
    again.
    """

    def __init__(self, lengths: Mapping[str, int], *, stale_after: Decimal, stale_after_s: int) -> None:
        candles, least_ns = Fraction(stale_after), stale_after_s * NS_PER_SECOND
        self._limits = {symbol: max(int(candles * length), least_ns) for symbol, length in lengths.items()}
        self._since_ns: int | None = None
        self._suspected: set[str] = set()
        self._asked_at: dict[str, int] = {}
        self.step_ns = min(self._limits.values()) // _LOOKS

    @property
    def stale(self) -> Sequence[str]:
        """The markets that are stale, in the run's order."""
        return [symbol for symbol in self._limits if symbol in self._asked_at]

    def look(self, now_ns: int, newest: Mapping[str, int]) -> Look:
        """Look at the times at which each market's newest candle closed. The notes are made as in candles.py."""
        if self._since_ns is None:
            self._since_ns = now_ns
        since = self._since_ns
        silent = {symbol for symbol, limit in self._limits.items() if now_ns - max(newest[symbol], since) > limit}
        live = [symbol for symbol in self.stale if symbol not in silent]
        stale = [s for s in self._limits if s in silent and s in self._suspected and s not in self._asked_at]
        again = [s for s, asked_at in self._asked_at.items() if s in silent and now_ns - asked_at > self._limits[s]]
        for symbol in live:
            del self._asked_at[symbol]
        self._asked_at.update(dict.fromkeys([*stale, *again], now_ns))
        self._suspected = silent
        changed = [FeedChanged(0, 0, symbol, "live") for symbol in live]
        return Look([*changed, *(FeedChanged(0, 0, symbol, "stale") for symbol in stale)], [*stale, *again])


async def watch(
    watchdog: FeedWatchdog,
    clock: Clock,
    feed: Feed,
    newest: Callable[[], Mapping[str, int]],
    tell: Callable[[FeedChanged], None],
) -> None:
    """For ever: look ten times in the shortest silence, tell what changed, and ask the feed."""
    while True:
        await clock.sleep_until(clock.now_ns() + watchdog.step_ns)
        look = watchdog.look(clock.now_ns(), newest())
        for note in look.changed:
            tell(note)
        for symbol in look.asked:
            await feed.resubscribe(symbol)

"""What the candle rules (candles.py) know of one market, and what can be said of a candle beside that."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from kernel.messages import CandleClosed
from kernel.notes import CandleDropped, CandleGap, CandleRevised
from kernel.state import Market
from venues.feed import Hole

__all__ = ["BAND", "Awaited", "awaited", "dropped", "fitting", "is_candle", "misses", "numbers"]

BAND = 10  # a price of more than ten times the last close, or less than a tenth of it, is hard to believe
_AHEAD_MAX = 1000  # and so is a candle that leaves so many out: one wrong time would make all that follow late
_PATIENCE = 10  # a market that misses so many is not asked for any more until it comes by itself: it may be delisted
_NEVER = sys.maxsize


@dataclass(slots=True)
class Awaited:
    """A market: after the candle that closed at `last`, the next one opens at `opens` (-1: nothing is known).

    What closes before `closes` has come, or was asked for in vain. The newest candle's own numbers are not known where
    a stream goes on: then it is None, and `newest_open` (-1: none) when it opened.
    """

    symbol: str
    place: int
    length: int
    opens: int = -1
    closes: int = _NEVER
    last: int = 0
    newest: CandleClosed | None = None
    newest_open: int = -1

    def take(self, candle: CandleClosed) -> None:
        """Note that it has come, and is used."""
        self.opens, self.closes = candle.ts, candle.ts + self.length
        self.last, self.newest, self.newest_open = candle.close, candle, candle.open_time

    def hole_before(self, ts: int) -> Hole:
        """What closes before `ts`, and was not asked for yet. There is such a candle where `closes` is before `ts`."""
        return Hole(self.symbol, self.closes - self.length, self._last_before(ts))

    def give_up(self, hole: Hole) -> None:
        """What has not come of a hole is not asked for again; nor is a market that has stayed away for long."""
        missing = (hole.last - self.opens) // self.length + 1
        self.closes = _NEVER if missing > _PATIENCE else hole.last + 2 * self.length

    def gap_before(self, ts: int) -> CandleGap | None:
        """The note on what is missing of what closes before `ts`."""
        last = self._last_before(ts)
        return CandleGap(0, 0, self.symbol, self.opens, last) if 0 <= self.opens <= last else None

    def has(self, candle: CandleClosed) -> bool:
        """Whether this candle, or a later one, has come."""
        return candle.open_time <= (self.newest_open if self.newest is None else self.newest.open_time)

    def again(self, candle: CandleClosed) -> CandleDropped | CandleRevised:
        """The note on a candle that it has. Where the newest one's numbers are not known, its close tells."""
        newest = self.newest
        if candle.open_time < (self.newest_open if newest is None else newest.open_time):
            return dropped(candle, "late")
        if candle.close == self.last if newest is None else numbers(candle) == numbers(newest):
            return dropped(candle, "duplicate")
        return CandleRevised(0, 0, candle.symbol, candle.open_time, *numbers(candle))

    def doubts(self, candle: CandleClosed) -> bool:
        """Whether a candle is hard to believe."""
        if 0 <= self.opens < candle.open_time - _AHEAD_MAX * self.length:
            return True
        return self.last > 0 and (self.last > candle.low * BAND or candle.high > self.last * BAND)

    def _last_before(self, ts: int) -> int:
        """The open time of the last candle that closes before `ts`."""
        return (ts - 1) // self.length * self.length - self.length


def awaited(symbol: str, place: int, length: int, known: Market | None, first_ns: int | None) -> Awaited:
    """A market at the start: what comes behind its newest candle is awaited, or else behind the window's beginning."""
    market = Awaited(symbol, place, length)
    if known is not None and known.open_time >= 0:
        market.newest_open, market.last, market.opens = known.open_time, known.last, known.open_time + length
    elif first_ns is not None:
        market.opens = -(-first_ns // length) * length
    if market.opens >= 0:
        market.closes = market.opens + length
    return market


def misses(markets: Sequence[Awaited], ts: int) -> bool:
    """Whether a candle that closes before `ts` may still be had."""
    for market in markets:  # noqa: SIM110  any() over a generator is three times the price, at every instant
        if market.closes < ts:
            return True
    return False


def fitting(
    history: Sequence[CandleClosed], holes: Mapping[str, Hole], markets: Mapping[str, Awaited]
) -> tuple[Sequence[CandleClosed], Sequence[CandleClosed]]:
    """What of the history fills holes, each once and in processing order; and what of it is no candle."""
    found: dict[tuple[int, int], CandleClosed] = {}
    unusable = []
    for candle in history:
        hole = holes.get(candle.symbol)
        if hole is None or not hole.first <= candle.open_time <= hole.last:
            continue
        market = markets[candle.symbol]
        if is_candle(candle, market.length):
            found.setdefault((candle.ts, market.place), candle)
        else:
            unusable.append(candle)
    return [found[key] for key in sorted(found)], unusable


def is_candle(candle: CandleClosed, length: int) -> bool:
    """Whether its times and numbers are those of a candle of this length."""
    return (
        candle.open_time % length == 0
        and candle.ts == candle.open_time + length
        and 0 < candle.low <= candle.open <= candle.high
        and candle.low <= candle.close <= candle.high
        and candle.volume >= 0
    )


def dropped(candle: CandleClosed, reason: Literal["duplicate", "late", "unusable"]) -> CandleDropped:
    """The note on a candle that is not used."""
    return CandleDropped(0, 0, candle.symbol, candle.open_time, reason)


def numbers(candle: CandleClosed) -> tuple[int, int, int, int, int]:
    """Its prices and its volume."""
    return candle.open, candle.high, candle.low, candle.close, candle.volume

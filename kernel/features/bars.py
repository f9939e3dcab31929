"""Longer candles made of the base candles, in scaled integers: closed bars only.

A bar is the base candles that open in one span of the timeframe's length, counted from 1970. It closes on the base
candle that ends with it, or, where that one is missing, before the first later candle. No base candle, no bar. Where
the data begins in the middle of a bar, that first bar is left out: nobody knows the rest of it.
"""

from dataclasses import dataclass

from kernel.messages import CandleClosed

__all__ = ["Bar", "BarMaker"]

Bar = tuple[int, int, int, int, int, int]
"""open, high, low, close, volume (scaled integers), open time (ns)."""


@dataclass(slots=True)
class BarMaker:
    """The bar of one timeframe that is in the making, if `making`. `ends`: the end of the newest bar, 0 before any."""

    length_ns: int
    making: bool = False
    known: bool = False
    ends: int = 0
    open: int = 0
    high: int = 0
    low: int = 0
    close: int = 0
    volume: int = 0

    def late(self, open_time: int) -> Bar | None:
        """The bar that ended before a candle that opens now, if it still waited for its last candle."""
        return self._closed() if self.making and open_time >= self.ends else None

    def take(self, candle: CandleClosed) -> Bar | None:
        """Let the candle into the bar; the bar, if that was its end. `late` was asked before."""
        if self.making:
            self.high = max(self.high, candle.high)
            self.low = min(self.low, candle.low)
            self.close = candle.close
            self.volume += candle.volume
        else:
            self._begin(candle)
        return self._closed() if candle.ts >= self.ends else None

    def _begin(self, candle: CandleClosed) -> None:
        opened = candle.open_time - candle.open_time % self.length_ns
        self.known = self.ends > 0 or candle.open_time == opened
        self.making = True
        self.ends = opened + self.length_ns
        self.open, self.high, self.low, self.close = candle.open, candle.high, candle.low, candle.close
        self.volume = candle.volume

    def _closed(self) -> Bar | None:
        self.making = False
        bar = (self.open, self.high, self.low, self.close, self.volume, self.ends - self.length_ns)
        return bar if self.known else None

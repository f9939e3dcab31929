"""Rolling z-score."""

from math import nan, sqrt

import msgspec

__all__ = ["ZScore"]

# Inputs are summed as whole multiples of 1e-12, so that sums are exact: the bits of a window depend on it alone.
_GRID = 10**12


class ZScore(msgspec.Struct, tag="zscore", dict=True):
    """How many standard deviations (population) the newest input lies from the mean of the last `period` inputs.

    Input: one finite float a candle, taken to the nearest 1e-12. Output: dimensionless; 0 in a window of equal inputs.
    Warm-up: `period` candles; NaN before. Forgets: after exactly `period` candles.
    Cost: O(1), in integers. Source: (x - mean) / pstdev; tests/kernel/test_indicators.py compares with `statistics`.

    The fields are the state: the inputs, as they came. The integers follow from them, and may be larger than the 64
    bits that a snapshot can write.
    """

    period: int
    window: list[float] = []
    oldest: int = 0

    def __post_init__(self) -> None:
        self._units = [round(x * _GRID) for x in self.window]
        self._sum = sum(self._units)
        self._sum_squares = sum(u * u for u in self._units)

    def update(self, x: float) -> None:
        """Take the next input."""
        newest = round(x * _GRID)
        units = self._units
        if len(units) < self.period:
            units.append(newest)
            self.window.append(x)
            gone = 0
        else:
            oldest = self.oldest
            gone = units[oldest]
            units[oldest] = newest
            self.window[oldest] = x
            oldest += 1
            self.oldest = oldest if oldest < self.period else 0
        change = newest - gone
        self._sum += change
        self._sum_squares += change * (newest + gone)

    def emit(self) -> float:
        """The z-score of the newest input; NaN while the window is not full."""
        n = self.period
        if len(self._units) < n:
            return nan
        total = self._sum
        variance_n2 = n * self._sum_squares - total * total
        if variance_n2 == 0:
            return 0.0
        newest = self._units[self.oldest - 1]
        return (n * newest - total) / sqrt(variance_n2)

    @property
    def warmup(self) -> int:
        """How many candles must have been seen before the value is used."""
        return self.period

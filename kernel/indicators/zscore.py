"""Rolling z-score."""

from math import nan, sqrt

import msgspec

__all__ = ["ZScore"]

# Inputs are kept as whole multiples of 1e-8, so that sums are exact: the bits of a window depend on it alone.
_GRID = 100_000_000


class ZScore(msgspec.Struct, tag="zscore"):
    """How many standard deviations (population) the newest input lies from the mean of the last `period` inputs.

    Input: one finite float a candle, taken to the nearest 1e-8. Output: dimensionless; 0 in a window of equal inputs.
    Warm-up: `period` candles; NaN before. Forgets: after exactly `period` candles.
    Cost: O(1), in integers. Source: (x - mean) / pstdev; tests/kernel/test_indicators.py compares with `statistics`.
    """

    period: int
    window: list[int] = []
    oldest: int = 0
    sum_grid: int = 0
    sum_squares_grid: int = 0

    def update(self, x: float) -> None:
        """Take the next input."""
        newest = round(x * _GRID)
        window = self.window
        if len(window) < self.period:
            window.append(newest)
            gone = 0
        else:
            gone = window[self.oldest]
            window[self.oldest] = newest
            self.oldest = (self.oldest + 1) % self.period
        self.sum_grid += newest - gone
        self.sum_squares_grid += newest * newest - gone * gone

    def emit(self) -> float:
        """The z-score of the newest input; NaN while the window is not full."""
        n = self.period
        if len(self.window) < n:
            return nan
        total = self.sum_grid
        variance_n2 = n * self.sum_squares_grid - total * total
        if variance_n2 == 0:
            return 0.0
        newest = self.window[self.oldest - 1]
        return (n * newest - total) / sqrt(variance_n2)

    @property
    def warmup(self) -> int:
        """How many candles must have been seen before the value is used."""
        return self.period

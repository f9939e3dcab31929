"""Exponential moving average."""

from math import nan

import msgspec

__all__ = ["Ema"]


class Ema(msgspec.Struct, tag="ema", gc=False):
    """EMA with alpha 2 / (period + 1), seeded with the first input.

    Input: one float a candle. Output: the same unit. Warm-up: `period` candles, although a value exists from the first.
    Forgets: never exactly (recursive); a start's weight halves about every 0.35 * period candles.
    Cost: O(1). Source: the recursion of pandas `ewm(span=period, adjust=False)`; tests/kernel/test_indicators.py.
    """

    period: int
    value: float = nan
    alpha: float = nan

    def __post_init__(self) -> None:
        self.alpha = 2.0 / (self.period + 1)

    def update(self, x: float) -> None:
        """Take the next input."""
        value = self.value
        # NaN is the mark of "no input yet": it alone differs from itself
        self.value = value + self.alpha * (x - value) if value == value else x  # noqa: PLR0124

    def emit(self) -> float:
        """The average so far; NaN before the first input."""
        return self.value

    @property
    def warmup(self) -> int:
        """How many candles must have been seen before the value is used."""
        return self.period

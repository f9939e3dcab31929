"""What estimators of volatility from the candles' own prices share: the root of a window's mean.

f, n: one window of window.py, of terms that are squares of log returns or stand for them.
"""

from math import nan, sqrt

from kernel.indicators.kind import Floats, Ints
from kernel.indicators.window import mean

__all__ = ["root_of_mean"]


def root_of_mean(f: Floats, n: Ints, i: int, j: int) -> float:
    """The root of the mean; NaN until the window is full of numbers, and where their mean is below 0."""
    centre = mean(f, n, i, j)
    return sqrt(centre) if centre >= 0.0 else nan

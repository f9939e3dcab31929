"""The logarithm of a quotient of prices, for kinds that put returns or ranges into a window."""

from math import log, nan

__all__ = ["log_ratio"]


def log_ratio(x: float, before: float) -> float:
    """log(x / before); NaN where either is no positive number, or their quotient is none."""
    if not (x > 0.0 and before > 0.0):
        return nan
    ratio = x / before
    if not (ratio > 0.0 and ratio - ratio == 0.0):
        return nan
    return log(ratio)

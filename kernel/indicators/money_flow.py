"""What volume kinds read from one candle. NaN where an input is NaN or infinite."""

from math import nan

__all__ = ["flow_volume", "typical_price"]


def typical_price(high: float, low: float, close: float) -> float:
    """The mean of high, low and close."""
    return (high + low + close) / 3.0


def flow_volume(high: float, low: float, close: float, volume: float) -> float:
    """The volume times the close's place in the candle, from -1 at the low to 1 at the high; 0 where both are the same.

    Source: M. Chaikin's money flow volume.
    """
    height = high - low
    known = height + close + volume
    if known - known != 0.0:
        return nan
    if height == 0.0:
        return 0.0
    return ((close - low) - (high - close)) / height * volume

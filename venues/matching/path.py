"""The prices of a candle, and the two ways in which they may have come."""

from typing import NamedTuple

__all__ = ["Bar", "flat", "legs"]


class Bar(NamedTuple):
    """A candle, or a finer one inside it, as it is matched: integer prices (see rules.py), volume in its units.

    It opened at `open_time`, the candle that it belongs to at `began` (ns, UTC).
    """

    began: int
    open_time: int
    open: int
    high: int
    low: int
    close: int
    volume: int


def flat(time: int, price: int, volume: int) -> Bar:
    """One moment: a candle that saw one price."""
    return Bar(time, time, price, price, price, price, volume)


def legs(bar: Bar, path: str) -> tuple[int, int, int]:
    """Where the price goes from the open, point by point; in between it moves through every price."""
    if path == "open_high_low_close":
        return bar.high, bar.low, bar.close
    return bar.low, bar.high, bar.close

"""The newest input beside the one of `period` candles ago: what kinds that compare the two stand on.

f, n: the ring of ring.py, of `period` + 1 inputs; its `put` lets the next one in.
"""

from math import nan

from kernel.indicators.kind import Floats, Ints
from kernel.indicators.ring import at, full, open_ring, ring_room

__all__ = ["lookback_room", "older", "open_lookback"]


def lookback_room(period: int) -> tuple[int, int]:
    """How much it takes of `f` and of `n`."""
    return ring_room(period + 1)


def open_lookback(f: Floats, n: Ints, i: int, j: int, period: int) -> None:
    """No input yet."""
    open_ring(f, n, i, j, period + 1)


def older(f: Floats, n: Ints, i: int, j: int) -> float:
    """The input of `period` candles ago; NaN before there is one, and where it is infinite."""
    if not full(n, j):
        return nan
    x = at(f, n, i, j, n[j] - 1)
    return x if x - x == 0.0 else nan

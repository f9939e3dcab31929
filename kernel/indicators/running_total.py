"""A total of volumes from the beginning of the run on, and the last close: what OBV and PVT keep.

f: the total, the last close. n: nothing.
"""

from math import nan

from kernel.indicators.kind import Floats, Ints

__all__ = ["open_total", "read_total", "total_room"]


def total_room() -> tuple[int, int]:
    """How much it takes of `f` and of `n`."""
    return 2, 0


def open_total(f: Floats, n: Ints, i: int, j: int) -> None:
    """Nothing yet, and no close."""
    f[i + 1] = nan


def read_total(f: Floats, n: Ints, i: int, j: int) -> float:
    """The total; NaN before the first candle."""
    return f[i] if f[i + 1] - f[i + 1] == 0.0 else nan

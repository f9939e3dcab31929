"""Hull moving average: a short WMA of what a WMA over half the period shows ahead of the one over all of it.

WMA over floor(sqrt(`period`)) of 2 * WMA(`period` // 2) - WMA(`period`).
Input: one float a candle. Output: the same unit.
Warm-up: `period` + floor(sqrt(`period`)) - 1 inputs. Cost: O(1), in whole numbers (window.py).
Edges: NaN while a NaN or infinite input is in the window; equal inputs give exactly that input.
Forgets: after exactly as many inputs as the warm-up. Source: A. Hull, Hull Moving Average, 2005; talipp's HMA.
"""

from math import isqrt

from kernel.indicators.kind import Floats, Ints, Kind, Output, Whole
from kernel.indicators.window import open_window, push, room
from kernel.indicators.wma import weighted_mean

__all__ = ["KIND"]


def all_rooms(period: int) -> tuple[int, int]:
    """Windows over half the period, all of it, and its root."""
    (half, whole), (full, _), (root, _) = room(period // 2), room(period), room(isqrt(period))
    return half + full + root, 3 * whole


def bootstrap_state(f: Floats, n: Ints, i: int, j: int, period: int) -> None:
    """Three empty windows."""
    for length in (period // 2, period, isqrt(period)):
        floats, whole = room(length)
        open_window(f, n, i, j, length)
        i, j = i + floats, j + whole


def update(f: Floats, n: Ints, i: int, j: int, x: float) -> None:
    """The first two windows take the input, the third the difference, NaN too: so it is forgotten in time."""
    floats, whole = room(n[j])
    i_full, j_full = i + floats, j + whole
    floats, whole = room(n[j_full])
    push(f, n, i, j, x)
    push(f, n, i_full, j_full, x)
    ahead = weighted_mean(f, n, i, j)
    push(f, n, i_full + floats, j_full + whole, ahead + (ahead - weighted_mean(f, n, i_full, j_full)))


def emit(f: Floats, n: Ints, i: int, j: int) -> float:
    """The WMA of the third window."""
    floats, whole = room(n[j])
    i, j = i + floats, j + whole
    floats, whole = room(n[j])
    return weighted_mean(f, n, i + floats, j + whole)


KIND = Kind(
    name="hma",
    inputs=("close",),
    parameters={"period": Whole(2)},
    room=all_rooms,
    bootstrap_state=bootstrap_state,
    update=update,
    outputs={"value": Output(emit, lambda period: period + isqrt(period) - 1)},
    memory="window",
)

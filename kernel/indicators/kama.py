"""Kaufman's adaptive moving average: fast where the input went straight, slow where it went to and fro.

The efficiency is the net change over `period` inputs by the sum of the changes' sizes; it moves the rate of the average
between that of an EMA of `slow` and of `fast` inputs, and the square of the rate is used.
Input: one float a candle. Output: the same unit. Warm-up: `period` + 1 inputs; it starts at the input before.
Cost: O(1), in whole numbers (window.py).
Edges: an input that is NaN or infinite is passed over. Where nothing moved, the efficiency counts as 1, as in TA-Lib.
Forgets: recursive, at the pace of an average between `fast` and `slow` squared.
Source: P. J. Kaufman, Smarter Trading, 1995; TA-Lib's KAMA.
"""

from math import nan

from kernel.indicators.kind import Floats, Ints, Kind, Output, Whole
from kernel.indicators.ring import at, full, open_ring, put, ring_room
from kernel.indicators.window import mean, open_window, push
from kernel.indicators.window import room as window_room

__all__ = ["KIND"]

_FAST, _SLOW, _F = 1, 2, 3  # f: the average, both rates, then a ring of inputs and a window of the changes' sizes


def room(period: int, fast: int, slow: int) -> tuple[int, int]:
    """The average, the ring, the window."""
    (ring, ring_whole), (window, window_whole) = ring_room(period + 1), window_room(period)
    return _F + ring + window, ring_whole + window_whole


def bootstrap_state(f: Floats, n: Ints, i: int, j: int, period: int, fast: int, slow: int) -> None:
    """No input yet."""
    floats, whole = ring_room(period + 1)
    f[i], f[i + _FAST], f[i + _SLOW] = nan, 2.0 / (fast + 1), 2.0 / (slow + 1)
    open_ring(f, n, i + _F, j, period + 1)
    open_window(f, n, i + _F + floats, j + whole, period)


def update(f: Floats, n: Ints, i: int, j: int, x: float) -> None:
    """Move the average towards `x` at the rate that the last changes call for."""
    if x - x != 0.0:
        return
    floats, whole = ring_room(n[j])
    before = at(f, n, i + _F, j, 0)
    first = n[j + 2] == 0
    put(f, n, i + _F, j, x)
    if first:
        return
    push(f, n, i + _F + floats, j + whole, abs(x - before))
    if not full(n, j):
        return
    period = n[j] - 1
    path = mean(f, n, i + _F + floats, j + whole) * period
    change = abs(x - at(f, n, i + _F, j, period))
    efficiency = 1.0
    if change < path:
        efficiency = change / path
    rate = f[i + _SLOW] + efficiency * (f[i + _FAST] - f[i + _SLOW])
    average = f[i] if f[i] == f[i] else before  # NaN: it starts here
    f[i] = average + rate * rate * (x - average)


def emit(f: Floats, n: Ints, i: int, j: int) -> float:
    """The average; NaN before the warm-up."""
    average: float = f[i]
    return average


KIND = Kind(
    name="kama",
    inputs=("close",),
    parameters={"period": Whole(default=10), "fast": Whole(default=2), "slow": Whole(default=30)},
    room=room,
    bootstrap_state=bootstrap_state,
    update=update,
    outputs={"value": Output(emit, lambda period, fast, slow: period + 1)},
    memory="recursive",
)

"""Kaufman's efficiency ratio: the net change over `period` inputs, by the sum of the sizes of all changes.

Input: one float a candle. Output: 0 (to and fro) to 1 (straight). Warm-up: `period` + 1 inputs. Cost: O(1), in whole
numbers (window.py).
Edges: 0 where nothing moved; NaN while a NaN or infinite input is in the window.
Forgets: after exactly `period` + 1 inputs. Source: P. J. Kaufman, Smarter Trading, 1995.
"""

from math import nan

from kernel.indicators.kind import Floats, Ints, Kind, Output, Whole
from kernel.indicators.ring import at, open_ring, put, ring_room
from kernel.indicators.window import mean, open_window, push
from kernel.indicators.window import room as window_room

__all__ = ["KIND"]


def room(period: int) -> tuple[int, int]:
    """A ring of inputs, then a window of the sizes of their changes."""
    (ring, ring_whole), (window, window_whole) = ring_room(period + 1), window_room(period)
    return ring + window, ring_whole + window_whole


def bootstrap_state(f: Floats, n: Ints, i: int, j: int, period: int) -> None:
    """The input before the first is unknown: the change from it is NaN, until it leaves the window."""
    floats, whole = ring_room(period + 1)
    open_ring(f, n, i, j, period + 1)
    f[i + period] = nan
    open_window(f, n, i + floats, j + whole, period)


def update(f: Floats, n: Ints, i: int, j: int, x: float) -> None:
    """Let `x` in and the oldest input out."""
    floats, whole = ring_room(n[j])
    push(f, n, i + floats, j + whole, abs(x - at(f, n, i, j, 0)))
    put(f, n, i, j, x)


def emit(f: Floats, n: Ints, i: int, j: int) -> float:
    """|newest - oldest| by the way that led there."""
    floats, whole = ring_room(n[j])
    period = n[j] - 1
    path = mean(f, n, i + floats, j + whole) * period
    if path == 0.0:
        return 0.0
    share = abs(at(f, n, i, j, 0) - at(f, n, i, j, period)) / path
    return share if not share > 1.0 else 1.0


KIND = Kind(
    name="efficiency",
    inputs=("close",),
    parameters={"period": Whole(high=99_999, default=10)},
    room=room,
    bootstrap_state=bootstrap_state,
    update=update,
    outputs={"value": Output(emit, lambda period: period + 1)},
    memory="window",
)

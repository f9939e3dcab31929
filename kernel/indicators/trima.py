"""Triangular moving average: a simple average of simple averages, so that the middle of the window weighs most.

Input: one float a candle. Output: the same unit. Warm-up: `period` inputs. Cost: O(1), in whole numbers (window.py).
The two lengths are equal for an odd `period`, else the second is one longer; together they span `period` inputs.
Edges: NaN while a NaN or infinite input is in the window; equal inputs give exactly that input.
Forgets: after exactly `period` inputs. Source: TA-Lib's TRIMA.
"""

from kernel.indicators.kind import Floats, Ints, Kind, Output, Whole
from kernel.indicators.window import mean, open_window, push, room

__all__ = ["KIND"]


def _lengths(period: int) -> tuple[int, int]:
    return (period + 1) // 2, period // 2 + 1


def both_rooms(period: int) -> tuple[int, int]:
    """Two windows."""
    (first, whole), (second, _) = (room(length) for length in _lengths(period))
    return first + second, 2 * whole


def bootstrap_state(f: Floats, n: Ints, i: int, j: int, period: int) -> None:
    """Two empty windows."""
    first, second = _lengths(period)
    floats, whole = room(first)
    open_window(f, n, i, j, first)
    open_window(f, n, i + floats, j + whole, second)


def update(f: Floats, n: Ints, i: int, j: int, x: float) -> None:
    """The first window takes the input, the second the mean of the first, NaN too: so it is forgotten in time."""
    floats, whole = room(n[j])
    push(f, n, i, j, x)
    push(f, n, i + floats, j + whole, mean(f, n, i, j))


def emit(f: Floats, n: Ints, i: int, j: int) -> float:
    """The mean of the means."""
    floats, whole = room(n[j])
    return mean(f, n, i + floats, j + whole)


KIND = Kind(
    name="trima",
    inputs=("close",),
    parameters={"period": Whole()},
    room=both_rooms,
    bootstrap_state=bootstrap_state,
    update=update,
    outputs={"value": Output(emit, lambda period: period)},
    memory="window",
)

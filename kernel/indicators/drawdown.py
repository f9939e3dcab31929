"""Drawdown: how far the input lies below the highest of the last `period` inputs, itself included.

Input: one float a candle, positive. Output: a share of that highest, 0 at it, -0.01 for one percent below. Warm-up:
`period` inputs. Cost: O(1) amortised (extreme.py).
Edges: NaN where the highest is not above 0, and while a NaN or infinite input is in the window; constant prices give
0.
Forgets: after exactly `period` inputs. Source: x / max - 1.
"""

from math import nan

from kernel.indicators.extreme import extreme_room, largest, open_extreme, push_extreme
from kernel.indicators.kind import Floats, Ints, Kind, Output, Whole

__all__ = ["KIND"]


def room(period: int) -> tuple[int, int]:
    """The newest input, then a queue."""
    floats, whole = extreme_room(period)
    return 1 + floats, whole


def bootstrap_state(f: Floats, n: Ints, i: int, j: int, period: int) -> None:
    """An empty window."""
    open_extreme(f, n, i + 1, j, period)


def update(f: Floats, n: Ints, i: int, j: int, x: float) -> None:
    """Let `x` in and the oldest input out."""
    f[i] = x
    push_extreme(f, n, i + 1, j, x)


def emit(f: Floats, n: Ints, i: int, j: int) -> float:
    """(newest - highest) / highest."""
    top = largest(f, n, i + 1, j)
    return (f[i] - top) / top if top > 0.0 else nan


KIND = Kind(
    name="drawdown",
    inputs=("close",),
    parameters={"period": Whole()},
    room=room,
    bootstrap_state=bootstrap_state,
    update=update,
    outputs={"value": Output(emit, lambda period: period)},
    memory="window",
)

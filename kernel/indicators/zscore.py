"""Rolling z-score: how many standard deviations (population) the newest input lies from the mean of the window.

Input: one float a candle. Output: dimensionless. Warm-up: `period` inputs. Cost: O(1), in whole numbers (window.py).
Edges: 0 in a window of equal inputs; NaN while a NaN or infinite input is in the window.
Forgets: after exactly `period` inputs. Source: (x - mean) / pstdev, as in Python's `statistics`.
"""

from math import sqrt

from kernel.indicators.kind import Floats, Ints, Kind, Output, Whole
from kernel.indicators.window import mean, newest, open_window, push, room, spread

__all__ = ["KIND"]


def emit(f: Floats, n: Ints, i: int, j: int) -> float:
    """The z-score of the newest input."""
    squares = spread(f, n, i, j)
    if squares == 0.0:
        return 0.0
    return (newest(f, n, i, j) - mean(f, n, i, j)) / sqrt(squares / n[j])


KIND = Kind(
    name="zscore",
    inputs=("close",),
    parameters={"period": Whole(2)},
    room=room,
    bootstrap_state=open_window,
    update=push,
    outputs={"value": Output(emit, lambda period: period)},
    memory="window",
)

"""TRIX: by how many percent a three times smoothed average moved since the input before.

Input: one float a candle. Output: percent. Warm-up: 3 * `period` - 1 inputs. Cost: O(1).
Edges: an input that is NaN or infinite is passed over; NaN where the average before was 0.
Forgets: recursive; like three EMAs of `period`, one after another (cascade.py).
Source: J. K. Hutson, Good TRIX, Stocks & Commodities, 1983; TA-Lib's TRIX.
"""

from math import nan

from kernel.indicators.cascade import cascade_room, open_cascade, push_cascade, read_stage
from kernel.indicators.kind import Floats, Ints, Kind, Output, Whole

__all__ = ["KIND"]

_F, _N = cascade_room()


def bootstrap_state(f: Floats, n: Ints, i: int, j: int, period: int) -> None:
    """f, n: the three averages; then in f what the third was before."""
    open_cascade(f, n, i, j, period)
    f[i + _F] = nan


def update(f: Floats, n: Ints, i: int, j: int, x: float) -> None:
    """Move the averages."""
    if x - x == 0.0:
        f[i + _F] = read_stage(f, n, i, j, 2)
        push_cascade(f, n, i, j, x)


def emit(f: Floats, n: Ints, i: int, j: int) -> float:
    """The move of the third, in percent."""
    before: float = f[i + _F]
    if before == 0.0:
        return nan
    return 100.0 * ((read_stage(f, n, i, j, 2) - before) / before)


KIND = Kind(
    name="trix",
    inputs=("close",),
    parameters={"period": Whole(default=15)},
    room=lambda period: (_F + 1, _N),
    bootstrap_state=bootstrap_state,
    update=update,
    outputs={"value": Output(emit, lambda period: 3 * period - 1)},
    memory="recursive",
)

"""Triple exponential moving average: three EMAs, each of the one before, weighed so that most of the lag goes.

Input: one float a candle. Output: the same unit. Warm-up: 3 * `period` - 2 inputs. Cost: O(1).
Edges: an input that is NaN or infinite is passed over; equal inputs give exactly that input.
Forgets: recursive; like three EMAs of `period`, one after another (cascade.py).
Source: P. G. Mulloy, Smoothing Data with Faster Moving Averages, Stocks & Commodities, 1994; TA-Lib's TEMA.
"""

from kernel.indicators.cascade import cascade_room, open_cascade, push_cascade, read_stage
from kernel.indicators.kind import Floats, Ints, Kind, Output, Whole

__all__ = ["KIND"]


def update(f: Floats, n: Ints, i: int, j: int, x: float) -> None:
    """Move the three averages."""
    if x - x == 0.0:
        push_cascade(f, n, i, j, x)


def emit(f: Floats, n: Ints, i: int, j: int) -> float:
    """The third, and three times by how much the first is ahead of the second."""
    return read_stage(f, n, i, j, 2) + 3.0 * (read_stage(f, n, i, j, 0) - read_stage(f, n, i, j, 1))


KIND = Kind(
    name="tema",
    inputs=("close",),
    parameters={"period": Whole()},
    room=lambda period: cascade_room(),
    bootstrap_state=open_cascade,
    update=update,
    outputs={"value": Output(emit, lambda period: 3 * period - 2)},
    memory="recursive",
)

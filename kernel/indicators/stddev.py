"""Rolling standard deviation of the last `period` inputs: of a whole population, or the estimate from a sample.

Input: one float a candle. Outputs: `population`, squares divided by `period`; `sample`, by `period` - 1; both in the
unit of the input. Warm-up: `period` inputs. Cost: O(1), in whole numbers (window.py).
Edges: exactly 0 in a window of equal inputs; NaN while a NaN or infinite input is in the window.
Forgets: after exactly `period` inputs. Source: `pstdev` and `stdev` of Python's `statistics`; TA-Lib's STDDEV.
"""

from math import sqrt

from kernel.indicators.kind import Floats, Ints, Kind, Output, Whole
from kernel.indicators.window import open_window, push, room, spread

__all__ = ["KIND"]


def population(f: Floats, n: Ints, i: int, j: int) -> float:
    """The root of squares divided by their number."""
    return sqrt(spread(f, n, i, j) / n[j])


def sample(f: Floats, n: Ints, i: int, j: int) -> float:
    """The root of squares divided by one less."""
    return sqrt(spread(f, n, i, j) / (n[j] - 1))


KIND = Kind(
    name="stddev",
    inputs=("close",),
    parameters={"period": Whole(2)},
    room=room,
    bootstrap_state=open_window,
    update=push,
    outputs={"population": Output(population, lambda period: period), "sample": Output(sample, lambda period: period)},
    memory="window",
)

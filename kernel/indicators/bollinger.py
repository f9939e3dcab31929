"""Bollinger bands: the mean of the window, and `width` standard deviations (population) to either side of it.

Input: one float a candle. Outputs: `middle`, `upper`, `lower`, in its unit; `bandwidth`, upper less lower as a share of
the middle; `percent_b`, the newest input's place between the bands: 0 on the lower, 1 on the upper one.
Warm-up: `period` inputs. Cost: O(1), in whole numbers (window.py).
Edges: in a window of equal inputs `bandwidth` is 0 and `percent_b` 0.5, as it is where `width` is 0; `bandwidth` is NaN
where the middle alone is 0. NaN while a NaN or infinite input is in the window.
Forgets: after exactly `period` inputs. Source: J. Bollinger, Bollinger on Bollinger Bands, 2001; TA-Lib's BBANDS.
"""

from math import nan, sqrt

from kernel.indicators.kind import Floats, Ints, Kind, Output, Real, Whole
from kernel.indicators.window import mean, newest, open_window, push, spread
from kernel.indicators.window import room as window_room

__all__ = ["KIND"]


def room(period: int, width: float) -> tuple[int, int]:
    """The width, then the window."""
    floats, ints = window_room(period)
    return 1 + floats, ints


def bootstrap_state(f: Floats, n: Ints, i: int, j: int, period: int, width: float) -> None:
    """An empty window."""
    f[i] = width
    open_window(f, n, i + 1, j, period)


def update(f: Floats, n: Ints, i: int, j: int, x: float) -> None:
    """Let `x` in and the oldest input out."""
    push(f, n, i + 1, j, x)


def _reach(f: Floats, n: Ints, i: int, j: int) -> float:
    """From the middle to either band."""
    reach: float = f[i] * sqrt(spread(f, n, i + 1, j) / n[j])
    return reach


def middle(f: Floats, n: Ints, i: int, j: int) -> float:
    """The mean."""
    return mean(f, n, i + 1, j)


def upper(f: Floats, n: Ints, i: int, j: int) -> float:
    """The mean and the width above it."""
    return mean(f, n, i + 1, j) + _reach(f, n, i, j)


def lower(f: Floats, n: Ints, i: int, j: int) -> float:
    """The mean less the width below it."""
    return mean(f, n, i + 1, j) - _reach(f, n, i, j)


def bandwidth(f: Floats, n: Ints, i: int, j: int) -> float:
    """From band to band, as a share of the middle."""
    reach = _reach(f, n, i, j)
    if reach == 0.0:
        return 0.0
    centre = mean(f, n, i + 1, j)
    return 2.0 * reach / centre if centre != 0.0 else nan


def percent_b(f: Floats, n: Ints, i: int, j: int) -> float:
    """Where the newest input lies between the bands."""
    reach = _reach(f, n, i, j)
    if reach == 0.0:
        return 0.5
    return 0.5 + 0.5 * (newest(f, n, i + 1, j) - mean(f, n, i + 1, j)) / reach


KIND = Kind(
    name="bollinger",
    inputs=("close",),
    parameters={"period": Whole(2, default=20), "width": Real(0.0, 100.0, 2.0)},
    room=room,
    bootstrap_state=bootstrap_state,
    update=update,
    outputs={
        "middle": Output(middle, lambda period, width: period),
        "upper": Output(upper, lambda period, width: period),
        "lower": Output(lower, lambda period, width: period),
        "bandwidth": Output(bandwidth, lambda period, width: period),
        "percent_b": Output(percent_b, lambda period, width: period),
    },
    memory="window",
)

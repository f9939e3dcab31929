"""Variance ratio: the variance of changes over `lag` candles by `lag` times that over one candle.

1 for a random walk; above it changes follow each other, below it they take each other back. Both variances are freed
of bias, and the longer changes overlap: `period` of them are taken, and all the single changes that they are made of.
Input: one float a candle, a price or its logarithm. Output: dimensionless, 0 or more. Warm-up: `period` + `lag`
inputs. Cost: O(1), in whole numbers (window.py).
Edges: 1 where all changes are alike, as in constant prices; NaN while a NaN or infinite input is in the window.
Forgets: after exactly `period` + `lag` inputs.
Source: A. Lo and C. MacKinlay, Review of Financial Studies 1:1, 1988, equations 12 and 13.
"""

from math import nan

from kernel.indicators.kind import Floats, Ints, Kind, Output, Whole
from kernel.indicators.ring import at, open_ring, put, ring_room
from kernel.indicators.window import mean, open_window, push, spread
from kernel.indicators.window import room as window_room

__all__ = ["KIND"]


def room(period: int, lag: int) -> tuple[int, int]:
    """A ring that holds an input back, then windows of long and of single changes."""
    floats = ring_room(lag)[0] + window_room(period)[0] + window_room(period + lag - 1)[0]
    return floats, ring_room(lag)[1] + window_room(period)[1] + window_room(period + lag - 1)[1]


def bootstrap_state(f: Floats, n: Ints, i: int, j: int, period: int, lag: int) -> None:
    """Inputs before the first are unknown: NaN."""
    floats, whole = ring_room(lag)
    more, more_whole = window_room(period)
    open_ring(f, n, i, j, lag)
    for k in range(lag):
        f[i + k] = nan
    open_window(f, n, i + floats, j + whole, period)
    open_window(f, n, i + floats + more, j + whole + more_whole, period + lag - 1)


def update(f: Floats, n: Ints, i: int, j: int, x: float) -> None:
    """Take the long and the single change that end in `x`."""
    floats, whole = ring_room(n[j])
    more, more_whole = window_room(n[j + whole])
    push(f, n, i + floats, j + whole, x - at(f, n, i, j, n[j] - 1))
    push(f, n, i + floats + more, j + whole + more_whole, x - at(f, n, i, j, 0))
    put(f, n, i, j, x)


def emit(f: Floats, n: Ints, i: int, j: int) -> float:
    """The ratio of both variances, each by one candle."""
    lag = n[j]
    floats, whole = ring_room(lag)
    period = n[j + whole]
    more, more_whole = window_room(period)
    singles = period + lag - 1
    drift = mean(f, n, i + floats + more, j + whole + more_whole)
    single = spread(f, n, i + floats + more, j + whole + more_whole)
    if single == 0.0:
        return 1.0
    beyond = mean(f, n, i + floats, j + whole) - lag * drift
    long = spread(f, n, i + floats, j + whole) + period * (beyond * beyond)
    return float(long / single * (singles - 1) * singles / (float(lag) * period * (period - 1)))


KIND = Kind(
    name="variance_ratio",
    inputs=("close",),
    parameters={"period": Whole(2, 90_000, 120), "lag": Whole(2, 10_000, 5)},
    room=room,
    bootstrap_state=bootstrap_state,
    update=update,
    outputs={"value": Output(emit, lambda period, lag: period + lag)},
    memory="window",
)

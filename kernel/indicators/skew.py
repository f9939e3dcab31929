"""Skewness of the last `period` inputs, as estimated from a sample: above 0 where the far values lie above the mean.

Input: one float a candle; returns rather than prices. Output: dimensionless. Warm-up: `period` inputs. Cost:
O(window) to read: no sum of cubes fits 63 bits.
Edges: 0 in a window of equal inputs; NaN while a NaN or infinite input is in the window.
Forgets: after exactly `period` inputs. Source: the adjusted Fisher-Pearson coefficient; pandas
`rolling(period).skew`.
"""

from math import nan, sqrt

from kernel.indicators.kind import Floats, Ints, Kind, Output, Whole
from kernel.indicators.moments import mean_from_newest
from kernel.indicators.ring import at, full, open_ring, put, ring_room

__all__ = ["KIND"]


def emit(f: Floats, n: Ints, i: int, j: int) -> float:
    """The third moment by the second's root cubed, freed of bias."""
    if not full(n, j):
        return nan
    period, newest, centre = n[j], at(f, n, i, j, 0), mean_from_newest(f, n, i, j)
    if centre - centre != 0.0:
        return nan
    squares = cubes = 0.0
    for age in range(period - 1, -1, -1):
        away = at(f, n, i, j, age) - newest - centre
        squares += away * away
        cubes += away * away * away
    if squares == 0.0:
        return 0.0
    return float(cubes / squares / sqrt(squares) * period * sqrt(float(period - 1)) / (period - 2))


KIND = Kind(
    name="skew",
    inputs=("close",),
    parameters={"period": Whole(3)},
    room=ring_room,
    bootstrap_state=open_ring,
    update=put,
    outputs={"value": Output(emit, lambda period: period)},
    memory="window",
    cost="O(window)",
)

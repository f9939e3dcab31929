"""Excess kurtosis of the last `period` inputs, as estimated from a sample: 0 for a normal law, above it for fat tails.

Input: one float a candle; returns rather than prices. Output: dimensionless. Warm-up: `period` inputs. Cost:
O(window) to read: no sum of fourth powers fits 63 bits.
Edges: 0 in a window of equal inputs (pandas says -3); NaN while a NaN or infinite input is in the window.
Forgets: after exactly `period` inputs. Source: the unbiased estimator G2; pandas `rolling(period).kurt`.
"""

from math import nan

from kernel.indicators.kind import Floats, Ints, Kind, Output, Whole
from kernel.indicators.moments import mean_from_newest
from kernel.indicators.ring import at, full, open_ring, put, ring_room

__all__ = ["KIND"]


def emit(f: Floats, n: Ints, i: int, j: int) -> float:
    """The fourth moment by the second's square, freed of bias, less what a normal law has."""
    if not full(n, j):
        return nan
    period, newest, centre = n[j], at(f, n, i, j, 0), mean_from_newest(f, n, i, j)
    if centre - centre != 0.0:
        return nan
    squares = fourths = 0.0
    for age in range(period - 1, -1, -1):
        away = at(f, n, i, j, age) - newest - centre
        squares += away * away
        fourths += away * away * away * away
    if squares == 0.0:
        return 0.0
    size = float(period)
    below = (size - 2.0) * (size - 3.0)
    normal = 3.0 * (size - 1.0) * (size - 1.0) / below
    return fourths / squares / squares * (size * (size + 1.0) * (size - 1.0) / below) - normal


KIND = Kind(
    name="kurtosis",
    inputs=("close",),
    parameters={"period": Whole(4)},
    room=ring_room,
    bootstrap_state=open_ring,
    update=put,
    outputs={"value": Output(emit, lambda period: period)},
    memory="window",
    cost="O(window)",
)

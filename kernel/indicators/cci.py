"""Commodity channel index: how many mean absolute deviations the typical price lies from its mean, by 0.015.

Inputs: high, low, close; the typical price is their mean. Output: dimensionless, mostly within -100 and 100.
Warm-up: `period` inputs. Cost: O(window) to read, since a mean deviation has no running form; O(1) to update.
Edges: NaN while any of the three is NaN or infinite in the window; 0 in a window of equal prices.
Forgets: after exactly `period` inputs.
Source: D. R. Lambert, Commodity Channel Index, Commodities, 1980; TA-Lib's CCI.
"""

from math import nan

from kernel.indicators.kind import Floats, Ints, Kind, Output, Whole
from kernel.indicators.ring import at, full, open_ring, put, ring_room

__all__ = ["KIND"]

_SCALE = 0.015  # Lambert's, so that most values lie within -100 and 100


def update(f: Floats, n: Ints, i: int, j: int, high: float, low: float, close: float) -> None:
    """Keep the typical price."""
    put(f, n, i, j, (high + low + close) / 3.0)


def emit(f: Floats, n: Ints, i: int, j: int) -> float:
    """Measured from the newest price, so that equal prices have no deviation at all."""
    if not full(n, j):
        return nan
    period = n[j]
    newest = at(f, n, i, j, 0)
    total = 0.0
    for age in range(period - 1, -1, -1):
        total += at(f, n, i, j, age) - newest
    mean = total / period
    deviation = 0.0
    for age in range(period - 1, -1, -1):
        deviation += abs(at(f, n, i, j, age) - newest - mean)
    if deviation == 0.0:
        return 0.0
    value = -mean / (_SCALE * (deviation / period))
    return value if value - value == 0.0 else nan


KIND = Kind(
    name="cci",
    inputs=("high", "low", "close"),
    parameters={"period": Whole(2, default=20)},
    room=ring_room,
    bootstrap_state=open_ring,
    update=update,
    outputs={"value": Output(emit, lambda period: period)},
    memory="window",
    cost="O(window)",
)

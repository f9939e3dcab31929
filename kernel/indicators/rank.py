"""Percent rank of the newest input in the window: the share of the others that it exceeds, equal ones counted half.

Input: one float a candle. Output: 0 (the lowest) to 1 (the highest). Warm-up: `period` inputs. Cost: O(window) to read.
Edges: 0.5 in a window of equal inputs; NaN while a NaN or infinite input is in the window.
Forgets: after exactly `period` inputs. Source: (rank - 1) / (period - 1) with pandas `rolling(period).rank()`.
"""

from math import nan

from kernel.indicators.kind import Floats, Ints, Kind, Output, Whole
from kernel.indicators.ring import at, full, open_ring, put, ring_room

__all__ = ["KIND"]


def emit(f: Floats, n: Ints, i: int, j: int) -> float:
    """Counted in halves; the order of the window does not matter."""
    if not full(n, j):
        return nan
    period, newest = n[j], at(f, n, i, j, 0)
    halves = numbers = 0
    for k in range(period):
        x = f[i + k]
        halves += (1 if x < newest else 0) + (1 if x <= newest else 0)
        numbers += 1 if x - x == 0.0 else 0
    if numbers < period:
        return nan
    return float((halves - 1) / (2 * (period - 1)))


KIND = Kind(
    name="rank",
    inputs=("close",),
    parameters={"period": Whole(2)},
    room=ring_room,
    bootstrap_state=open_ring,
    update=put,
    outputs={"value": Output(emit, lambda period: period)},
    memory="window",
    cost="O(window)",
)

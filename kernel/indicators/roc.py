"""Rate of change: by what share the input differs from the one `period` candles ago.

Input: one float a candle. Output: dimensionless, 0.01 for one percent. Warm-up: `period` + 1 inputs. Cost: O(1).
Edges: NaN where either of the two is no number, or the older one is 0.
Forgets: after exactly `period` + 1 inputs. Source: TA-Lib's ROCP.
"""

from math import nan

from kernel.indicators.kind import Floats, Ints, Kind, Output, Whole
from kernel.indicators.ring import at, full, open_ring, put, ring_room

__all__ = ["KIND"]


def room(period: int) -> tuple[int, int]:
    """A ring that reaches back to the older input."""
    return ring_room(period + 1)


def bootstrap_state(f: Floats, n: Ints, i: int, j: int, period: int) -> None:
    """An empty ring."""
    open_ring(f, n, i, j, period + 1)


def emit(f: Floats, n: Ints, i: int, j: int) -> float:
    """(newest - oldest) / oldest."""
    if not full(n, j):
        return nan
    before = at(f, n, i, j, n[j] - 1)
    change = at(f, n, i, j, 0) - before
    if before == 0.0 or change - change != 0.0:
        return nan
    return change / before


KIND = Kind(
    name="roc",
    inputs=("close",),
    parameters={"period": Whole(high=99_999)},
    room=room,
    bootstrap_state=bootstrap_state,
    update=put,
    outputs={"value": Output(emit, lambda period: period + 1)},
    memory="window",
)

"""Momentum: by how much the input differs from the one `period` candles ago.

Input: one float a candle. Output: the same unit. Warm-up: `period` + 1 inputs. Cost: O(1).
Edges: NaN where either of the two is no number.
Forgets: after exactly `period` + 1 inputs. Source: TA-Lib's MOM.
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
    """Newest less oldest."""
    if not full(n, j):
        return nan
    change = at(f, n, i, j, 0) - at(f, n, i, j, n[j] - 1)
    return change if change - change == 0.0 else nan


KIND = Kind(
    name="momentum",
    inputs=("close",),
    parameters={"period": Whole(high=99_999, default=10)},
    room=room,
    bootstrap_state=bootstrap_state,
    update=put,
    outputs={"value": Output(emit, lambda period: period + 1)},
    memory="window",
)

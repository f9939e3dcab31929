"""Correlation of an input with itself `lag` candles ago, over the last `period` such pairs.

Input: one float a candle; returns rather than prices. Output: -1 to 1. Warm-up: `period` + `lag` inputs. Cost: O(1),
in whole numbers (joint.py).
Edges: 0 where the inputs do not vary; NaN while a NaN or infinite input is in the window.
Forgets: after exactly `period` + `lag` inputs. Source: Pearson's correlation; pandas `Series.autocorr(lag)` of the
window.
"""

from math import nan

from kernel.indicators.joint import joint_room, open_joint, pearson, push_joint
from kernel.indicators.kind import Floats, Ints, Kind, Output, Whole
from kernel.indicators.ring import at, open_ring, put, ring_room

__all__ = ["KIND"]


def room(period: int, lag: int) -> tuple[int, int]:
    """A ring that holds an input back, then the pairs."""
    (ring, ring_whole), (joint, joint_whole) = ring_room(lag), joint_room(period)
    return ring + joint, ring_whole + joint_whole


def bootstrap_state(f: Floats, n: Ints, i: int, j: int, period: int, lag: int) -> None:
    """Inputs before the first are unknown: NaN."""
    floats, whole = ring_room(lag)
    open_ring(f, n, i, j, lag)
    for k in range(lag):
        f[i + k] = nan
    open_joint(f, n, i + floats, j + whole, period)


def update(f: Floats, n: Ints, i: int, j: int, x: float) -> None:
    """Pair `x` with what came `lag` candles before it."""
    floats, whole = ring_room(n[j])
    push_joint(f, n, i + floats, j + whole, x, at(f, n, i, j, n[j] - 1))
    put(f, n, i, j, x)


def emit(f: Floats, n: Ints, i: int, j: int) -> float:
    """The correlation."""
    floats, whole = ring_room(n[j])
    return pearson(f, n, i + floats, j + whole)


KIND = Kind(
    name="autocorrelation",
    inputs=("close",),
    parameters={"period": Whole(2, default=60), "lag": Whole(high=10_000, default=1)},
    room=room,
    bootstrap_state=bootstrap_state,
    update=update,
    outputs={"value": Output(emit, lambda period, lag: period + lag)},
    memory="window",
)

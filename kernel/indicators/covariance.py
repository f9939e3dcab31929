"""Covariance of the last `period` pairs of inputs, as estimated from a sample.

Input: two floats a candle. Output: the first's unit times the second's. Warm-up: `period` candles. Cost: O(1), in
whole numbers (joint.py).
Edges: 0 where one of the two does not vary; NaN while a NaN or infinite input of either is in the window.
Forgets: after exactly `period` candles. Source: `covariance` of Python's `statistics`; pandas `rolling(period).cov`.
"""

from kernel.indicators.joint import joint_room, joint_spread, open_joint, push_joint
from kernel.indicators.kind import Floats, Ints, Kind, Output, Whole

__all__ = ["KIND"]


def emit(f: Floats, n: Ints, i: int, j: int) -> float:
    """Products of the distances from the means, by one less than their number."""
    return float(joint_spread(f, n, i, j) / (n[j] - 1))


KIND = Kind(
    name="covariance",
    inputs=("close", "open"),
    parameters={"period": Whole(2, default=60)},
    room=joint_room,
    bootstrap_state=open_joint,
    update=push_joint,
    outputs={"value": Output(emit, lambda period: period)},
    memory="window",
)

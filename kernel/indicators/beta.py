"""Beta: by how much the first input moves for each unit of the second, over the last `period` pairs.

Input: two floats a candle: the returns of the market in question, then those of what it is measured against. Output:
the first's unit per the second's. Warm-up: `period` candles. Cost: O(1), in whole numbers (joint.py).
Edges: 0 where the second does not vary; NaN while a NaN or infinite input of either is in the window.
Forgets: after exactly `period` candles. Source: covariance by the variance of the second, the slope of least squares.
TA-Lib's BETA makes the returns itself, and takes them in the other order.
"""

from kernel.indicators.joint import joint_room, open_joint, push_joint, slope_on_second
from kernel.indicators.kind import Kind, Output, Whole

__all__ = ["KIND"]

KIND = Kind(
    name="beta",
    inputs=("close", "open"),
    parameters={"period": Whole(2, default=60)},
    room=joint_room,
    bootstrap_state=open_joint,
    update=push_joint,
    outputs={"value": Output(slope_on_second, lambda period: period)},
    memory="window",
)

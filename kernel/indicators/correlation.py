"""Pearson's correlation of the last `period` pairs of inputs.

Input: two floats a candle; returns rather than prices, which rise and fall together by themselves. Output: -1 to 1.
Warm-up: `period` candles. Cost: O(1), in whole numbers (joint.py).
Edges: 0 where one of the two does not vary; NaN while a NaN or infinite input of either is in the window.
Forgets: after exactly `period` candles. Source: pandas `rolling(period).corr`; TA-Lib's CORREL.
"""

from kernel.indicators.joint import joint_room, open_joint, pearson, push_joint
from kernel.indicators.kind import Kind, Output, Whole

__all__ = ["KIND"]

KIND = Kind(
    name="correlation",
    inputs=("close", "open"),
    parameters={"period": Whole(2, default=60)},
    room=joint_room,
    bootstrap_state=open_joint,
    update=push_joint,
    outputs={"value": Output(pearson, lambda period: period)},
    memory="window",
)

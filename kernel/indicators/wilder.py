"""Wilder's moving average (RMA, SMMA): alpha 1 / period, seeded with the mean of the first `period` inputs.

Input: one float a candle. Output: the same unit. Warm-up: `period` inputs. Cost: O(1).
Edges: an input that is NaN or infinite leaves the average as it was.
Forgets: recursive; a start's weight halves about every 0.69 * period inputs.
Source: J. W. Wilder, New Concepts in Technical Trading Systems, 1978; talipp's SMMA.
"""

from kernel.indicators.kind import Kind, Output, Whole
from kernel.indicators.smoothing import open_wilder, push_wilder, read_wilder, wilder_room

__all__ = ["KIND"]

KIND = Kind(
    name="wilder",
    inputs=("close",),
    parameters={"period": Whole()},
    room=lambda period: wilder_room(),
    bootstrap_state=open_wilder,
    update=push_wilder,
    outputs={"value": Output(read_wilder, lambda period: period)},
    memory="recursive",
)

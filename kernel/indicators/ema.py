"""Exponential moving average: alpha 2 / (period + 1), seeded with the first input.

Input: one float a candle. Output: the same unit. Warm-up: `period` inputs. Cost: O(1).
Edges: an input that is NaN or infinite leaves the average as it was.
Forgets: recursive; a start's weight halves about every 0.35 * period inputs.
Source: the recursion of pandas `ewm(span=period, adjust=False)`.
"""

from kernel.indicators.kind import Kind, Output, Whole
from kernel.indicators.smoothing import ema_room, open_ema, push_ema, read_ema

__all__ = ["KIND"]

KIND = Kind(
    name="ema",
    inputs=("close",),
    parameters={"period": Whole()},
    room=lambda period: ema_room(),
    bootstrap_state=open_ema,
    update=push_ema,
    outputs={"value": Output(read_ema, lambda period: period)},
    memory="recursive",
)

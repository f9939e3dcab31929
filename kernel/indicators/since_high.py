"""Candles since the highest of the last `period` inputs.

Input: one float a candle. Output: candles, 0 (the newest is the highest) to `period` - 1. Warm-up: `period` inputs.
Cost: O(1), by a queue (extreme.py).
Edges: of equal inputs the newest counts, so constant prices give 0; NaN while a NaN or infinite input is in the window.
Forgets: after exactly `period` inputs. Source: what TA-Lib's AROON up counts.
"""

from kernel.indicators.extreme import age_of_largest, extreme_room, open_extreme, push_extreme
from kernel.indicators.kind import Kind, Output, Whole

__all__ = ["KIND"]

KIND = Kind(
    name="since_high",
    inputs=("high",),
    parameters={"period": Whole()},
    room=extreme_room,
    bootstrap_state=open_extreme,
    update=push_extreme,
    outputs={"value": Output(age_of_largest, lambda period: period)},
    memory="window",
)

"""The largest of the last `period` inputs.

Input: one float a candle. Output: the same unit. Warm-up: `period` inputs. Cost: O(1) amortised (extreme.py).
Edges: NaN while a NaN or infinite input is in the window.
Forgets: after exactly `period` inputs. Source: TA-Lib's MAX.
"""

from kernel.indicators.extreme import extreme_room, largest, open_extreme, push_extreme
from kernel.indicators.kind import Kind, Output, Whole

__all__ = ["KIND"]

KIND = Kind(
    name="highest",
    inputs=("high",),
    parameters={"period": Whole()},
    room=extreme_room,
    bootstrap_state=open_extreme,
    update=push_extreme,
    outputs={"value": Output(largest, lambda period: period)},
    memory="window",
)

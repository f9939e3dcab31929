"""Simple moving average of the last `period` inputs.

Input: one float a candle. Output: the same unit. Warm-up: `period` inputs. Cost: O(1), in whole numbers (window.py).
Edges: NaN while a NaN or infinite input is in the window; equal inputs give exactly that input.
Forgets: after exactly `period` inputs. Source: the arithmetic mean; TA-Lib's SMA.
"""

from kernel.indicators.kind import Kind, Output, Whole
from kernel.indicators.window import mean, open_window, push, room

__all__ = ["KIND"]

KIND = Kind(
    name="sma",
    inputs=("close",),
    parameters={"period": Whole()},
    room=room,
    bootstrap_state=open_window,
    update=push,
    outputs={"value": Output(mean, lambda period: period)},
    memory="window",
)

"""Weighted moving average: weights fall in equal steps, `period` for the newest input, 1 for the oldest.

Input: one float a candle. Output: the same unit. Warm-up: `period` inputs. Cost: O(1), in whole numbers (window.py).
Edges: NaN while a NaN or infinite input is in the window; equal inputs give exactly that input.
Forgets: after exactly `period` inputs. Source: TA-Lib's WMA.
"""

from kernel.indicators.kind import Floats, Ints, Kind, Output, Whole
from kernel.indicators.window import mean, open_window, push, room, tilt

__all__ = ["KIND", "weighted_mean"]


def weighted_mean(f: Floats, n: Ints, i: int, j: int) -> float:
    """The weighted mean of a window: its mean, and what its tilt adds."""
    period: int = n[j]
    return mean(f, n, i, j) + 2.0 * tilt(f, n, i, j) / (period * (period + 1))


KIND = Kind(
    name="wma",
    inputs=("close",),
    parameters={"period": Whole()},
    room=room,
    bootstrap_state=open_window,
    update=push,
    outputs={"value": Output(weighted_mean, lambda period: period)},
    memory="window",
)

"""Ease of movement: how far the candle's middle moved for the volume it took, times the candle's height; their mean.

Input: high, low, volume. Output: squared price per base unit, not scaled by a volume of 10**8 or the like. Warm-up:
`period` + 1 inputs. Cost: O(1), in whole numbers (window.py).
Edges: a candle without volume or without height counts as 0: nothing was moved; NaN while a candle with a NaN or
infinite input, or one after it, is in the window.
Forgets: after exactly `period` + 1 inputs. Source: R. W. Arms, Ease of Movement; talipp's EMV.
"""

from math import nan

from kernel.indicators.kind import Floats, Ints, Kind, Output, Whole
from kernel.indicators.window import mean, open_window, push
from kernel.indicators.window import room as window_room

__all__ = ["KIND"]


def room(period: int) -> tuple[int, int]:
    """The last middle, then the window."""
    floats, ints = window_room(period)
    return 1 + floats, ints


def bootstrap_state(f: Floats, n: Ints, i: int, j: int, period: int) -> None:
    """No candle yet."""
    f[i] = nan
    open_window(f, n, i + 1, j, period)


def update(f: Floats, n: Ints, i: int, j: int, high: float, low: float, volume: float) -> None:
    """Let the candle in and the oldest out."""
    middle = (high + low) / 2.0
    moved = (middle - f[i]) * (high - low)
    f[i] = middle + 0.0 * volume  # NaN after a candle that has one
    known = moved + volume
    if known - known != 0.0:
        push(f, n, i + 1, j, nan)
    else:
        push(f, n, i + 1, j, moved / volume if volume > 0.0 else 0.0)


def emit(f: Floats, n: Ints, i: int, j: int) -> float:
    """The mean."""
    return mean(f, n, i + 1, j)


KIND = Kind(
    name="ease_of_movement",
    inputs=("high", "low", "volume"),
    parameters={"period": Whole(high=99_999, default=14)},
    room=room,
    bootstrap_state=bootstrap_state,
    update=update,
    outputs={"value": Output(emit, lambda period: period + 1)},
    memory="window",
)

"""Volume-weighted moving average: the mean of the last `period` inputs, each as heavy as its volume.

Inputs: one float a candle, and its volume, 0 or more. Output: the unit of the first. Warm-up: `period` inputs.
Cost: O(1), in whole numbers (window.py).
Edges: NaN while a NaN or infinite input of either is in the window, and where nothing was traded in all of it.
Forgets: after exactly `period` inputs. Source: sum(price * volume) / sum(volume); talipp's VWMA.
"""

from math import nan

from kernel.indicators.kind import Floats, Ints, Kind, Output, Whole
from kernel.indicators.window import mean, open_window, push, room

__all__ = ["KIND"]


def both_rooms(period: int) -> tuple[int, int]:
    """Two windows: of price times volume, and of volume."""
    floats, whole = room(period)
    return 2 * floats, 2 * whole


def bootstrap_state(f: Floats, n: Ints, i: int, j: int, period: int) -> None:
    """Two empty windows."""
    floats, whole = room(period)
    open_window(f, n, i, j, period)
    open_window(f, n, i + floats, j + whole, period)


def update(f: Floats, n: Ints, i: int, j: int, x: float, volume: float) -> None:
    """Take the next input and its weight."""
    floats, whole = room(n[j])
    push(f, n, i, j, x * volume)
    push(f, n, i + floats, j + whole, volume)


def emit(f: Floats, n: Ints, i: int, j: int) -> float:
    """The mean of the products by the mean of the volumes."""
    floats, whole = room(n[j])
    volume = mean(f, n, i + floats, j + whole)
    if volume > 0.0:
        return mean(f, n, i, j) / volume
    return nan


KIND = Kind(
    name="vwma",
    inputs=("close", "volume"),
    parameters={"period": Whole()},
    room=both_rooms,
    bootstrap_state=bootstrap_state,
    update=update,
    outputs={"value": Output(emit, lambda period: period)},
    memory="window",
)

"""Chande momentum oscillator: gains less losses, as a share of all moves in the window.

Input: one float a candle. Output: -100 to 100. Warm-up: `period` + 1 inputs. Cost: O(1), in whole numbers (window.py).
Edges: NaN while a NaN or infinite input is in the window; 0 in a window of equal inputs.
Forgets: after exactly `period` + 1 inputs.
Source: T. S. Chande and S. Kroll, The New Technical Trader, 1994: plain sums. TA-Lib's CMO smooths as Wilder does, and
is another indicator.
"""

from math import nan

from kernel.indicators.kind import Floats, Ints, Kind, Output, Whole
from kernel.indicators.window import mean, open_window, push
from kernel.indicators.window import room as window_room

__all__ = ["KIND"]


def room(period: int) -> tuple[int, int]:
    """The last input, then the windows of gains and of losses."""
    floats, whole = window_room(period)
    return 1 + 2 * floats, 2 * whole


def bootstrap_state(f: Floats, n: Ints, i: int, j: int, period: int) -> None:
    """No input yet."""
    floats, whole = window_room(period)
    f[i] = nan
    open_window(f, n, i + 1, j, period)
    open_window(f, n, i + 1 + floats, j + whole, period)


def update(f: Floats, n: Ints, i: int, j: int, x: float) -> None:
    """Take the gain and the loss since the last input; one of them is 0, or both are NaN."""
    floats, whole = window_room(n[j])
    change = x - f[i]
    f[i] = x
    lack = change - change
    push(f, n, i + 1, j, change if change > 0.0 else lack)
    push(f, n, i + 1 + floats, j + whole, -change if change < 0.0 else lack)


def emit(f: Floats, n: Ints, i: int, j: int) -> float:
    """What is left of the gains, by all moves."""
    floats, whole = window_room(n[j])
    gain, loss = mean(f, n, i + 1, j), mean(f, n, i + 1 + floats, j + whole)
    if gain + loss == 0.0:
        return 0.0
    return 100.0 * ((gain - loss) / (gain + loss))


KIND = Kind(
    name="cmo",
    inputs=("close",),
    parameters={"period": Whole(default=14)},
    room=room,
    bootstrap_state=bootstrap_state,
    update=update,
    outputs={"value": Output(emit, lambda period: period + 1)},
    memory="window",
)

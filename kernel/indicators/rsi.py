"""Relative strength index: Wilder's average of the gains, as a share of that of all moves.

Input: one float a candle. Output: 0 to 100. Warm-up: `period` + 1 inputs. Cost: O(1).
Edges: an input that is NaN or infinite is passed over; 50 where nothing ever moved (TA-Lib says 0 there).
Forgets: recursive; a start's weight halves about every 0.69 * period inputs.
Source: J. W. Wilder, New Concepts in Technical Trading Systems, 1978; TA-Lib's RSI.
"""

from math import nan

from kernel.indicators.kind import Floats, Ints, Kind, Output, Whole
from kernel.indicators.smoothing import open_wilder, push_wilder, read_wilder, wilder_room

__all__ = ["KIND"]

_F, _N = wilder_room()


def bootstrap_state(f: Floats, n: Ints, i: int, j: int, period: int) -> None:
    """f, n: the averages of gains and of losses; then in f the last input."""
    open_wilder(f, n, i, j, period)
    open_wilder(f, n, i + _F, j + _N, period)
    f[i + 2 * _F] = nan


def update(f: Floats, n: Ints, i: int, j: int, x: float) -> None:
    """Average the gain and the loss since the last input; one of them is 0."""
    if x - x != 0.0:
        return
    change = x - f[i + 2 * _F]
    f[i + 2 * _F] = x
    if change - change == 0.0:
        push_wilder(f, n, i, j, change if change > 0.0 else 0.0)
        push_wilder(f, n, i + _F, j + _N, -change if change < 0.0 else 0.0)


def emit(f: Floats, n: Ints, i: int, j: int) -> float:
    """Gains as a share of gains and losses."""
    gain, loss = read_wilder(f, n, i, j), read_wilder(f, n, i + _F, j + _N)
    if gain + loss == 0.0:
        return 50.0
    return 100.0 * (gain / (gain + loss))


KIND = Kind(
    name="rsi",
    inputs=("close",),
    parameters={"period": Whole(default=14)},
    room=lambda period: (2 * _F + 1, 2 * _N),
    bootstrap_state=bootstrap_state,
    update=update,
    outputs={"value": Output(emit, lambda period: period + 1)},
    memory="recursive",
)

"""Realized volatility: the root mean square of the last `period` log returns, from candle to candle.

Input: a positive price. Output: dimensionless, per candle (not annualised): about 0.01 for one percent. Warm-up:
`period` + 1 inputs. Cost: O(1), in whole numbers (window.py).
Edges: 0 while the price stands still; NaN while a price that is no positive number, or a return from one, is in the
window.
Forgets: after exactly `period` + 1 inputs.
Source: T. G. Andersen, T. Bollerslev, F. X. Diebold and P. Labys, Modeling and Forecasting Realized Volatility,
Econometrica 71, 2003, whose sum of squares is divided here by their number.
"""

from math import nan

from kernel.indicators.kind import Floats, Ints, Kind, Output, Whole
from kernel.indicators.log_ratio import log_ratio
from kernel.indicators.range_volatility import root_of_mean
from kernel.indicators.window import open_window, push
from kernel.indicators.window import room as window_room

__all__ = ["KIND"]


def room(period: int) -> tuple[int, int]:
    """The last price, then the window of squares."""
    floats, ints = window_room(period)
    return 1 + floats, ints


def bootstrap_state(f: Floats, n: Ints, i: int, j: int, period: int) -> None:
    """No price yet."""
    f[i] = nan
    open_window(f, n, i + 1, j, period)


def update(f: Floats, n: Ints, i: int, j: int, x: float) -> None:
    """Let the newest return in and the oldest out."""
    change = log_ratio(x, f[i])
    push(f, n, i + 1, j, change * change)
    f[i] = x


def emit(f: Floats, n: Ints, i: int, j: int) -> float:
    """The root of the mean square."""
    return root_of_mean(f, n, i + 1, j)


KIND = Kind(
    name="realized",
    inputs=("close",),
    parameters={"period": Whole(high=99_999)},
    room=room,
    bootstrap_state=bootstrap_state,
    update=update,
    outputs={"value": Output(emit, lambda period: period + 1)},
    memory="window",
)

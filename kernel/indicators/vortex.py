"""Vortex: how far candles reached up from the low before, and down from the high before, by their true ranges.

Input: high, low, close. Outputs: `plus` and `minus`, sums over `period` candles by the sum of the true ranges, about
1; the larger one names the trend. Warm-up: `period` + 1 candles. Cost: O(1), in whole numbers (window.py).
Edges: where nothing moved both are 1, as they are where all candles are alike; NaN while a candle with a NaN or
infinite price is in the window.
Forgets: after exactly `period` + 1 candles. Source: E. Botes and D. Siepman, Stocks & Commodities 28:1, 2010.
"""

from math import nan

from kernel.indicators.kind import Floats, Ints, Kind, Output, Whole
from kernel.indicators.true_range import true_span
from kernel.indicators.window import mean, open_window, push
from kernel.indicators.window import room as window_room

__all__ = ["KIND"]

_HIGH, _LOW, _CLOSE, _WINDOWS = 0, 1, 2, 3  # f: the candle before, then windows of true range, plus, minus


def room(period: int) -> tuple[int, int]:
    """The candle before, and three windows."""
    floats, whole = window_room(period)
    return _WINDOWS + 3 * floats, 3 * whole


def bootstrap_state(f: Floats, n: Ints, i: int, j: int, period: int) -> None:
    """The candle before the first is unknown: what is measured from it is NaN, until it leaves the windows."""
    floats, whole = window_room(period)
    f[i + _HIGH] = f[i + _LOW] = f[i + _CLOSE] = nan
    for k in range(3):
        open_window(f, n, i + _WINDOWS + k * floats, j + k * whole, period)


def update(f: Floats, n: Ints, i: int, j: int, high: float, low: float, close: float) -> None:
    """Take the next candle."""
    floats, whole = window_room(n[j])
    push(f, n, i + _WINDOWS, j, true_span(high, low, close, f[i + _CLOSE]))
    push(f, n, i + _WINDOWS + floats, j + whole, abs(high - f[i + _LOW]))
    push(f, n, i + _WINDOWS + 2 * floats, j + 2 * whole, abs(low - f[i + _HIGH]))
    f[i + _HIGH], f[i + _LOW], f[i + _CLOSE] = high, low, close


def plus(f: Floats, n: Ints, i: int, j: int) -> float:
    """The movement upwards."""
    return _share(f, n, i, j, 1)


def minus(f: Floats, n: Ints, i: int, j: int) -> float:
    """The movement downwards."""
    return _share(f, n, i, j, 2)


def _share(f: Floats, n: Ints, i: int, j: int, k: int) -> float:
    floats, whole = window_room(n[j])
    reached = mean(f, n, i + _WINDOWS, j)
    if reached == 0.0:
        return 1.0
    return mean(f, n, i + _WINDOWS + k * floats, j + k * whole) / reached


KIND = Kind(
    name="vortex",
    inputs=("high", "low", "close"),
    parameters={"period": Whole(high=99_999, default=14)},
    room=room,
    bootstrap_state=bootstrap_state,
    update=update,
    outputs={"plus": Output(plus, lambda period: period + 1), "minus": Output(minus, lambda period: period + 1)},
    memory="window",
)

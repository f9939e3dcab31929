"""Choppiness index: how much of the way that the price went in `period` candles brought it nowhere.

Input: high, low, close. Output: 0 (went straight) to 100 (went to and fro): the logarithm, to the base `period`, of the
sum of true ranges divided by the distance from the lowest low to the highest high. Warm-up: `period` + 1 inputs.
Cost: O(1) amortised, in whole numbers (window.py, extreme.py).
Edges: NaN in a window whose highs and lows are all one price: it went neither way. NaN while a candle with a NaN or
infinite input, or one after it, is in the window. A gap before the window's first candle can carry it beyond 100.
Forgets: after exactly `period` + 1 inputs. Source: E. W. Dreiss' index; talipp's CHOP.
"""

from math import log, nan

from kernel.indicators.extreme import extreme_room, largest, open_extreme, push_extreme
from kernel.indicators.kind import Floats, Ints, Kind, Output, Whole
from kernel.indicators.true_range import true_span
from kernel.indicators.window import mean, open_window, push
from kernel.indicators.window import room as window_room

__all__ = ["KIND"]

_SCALE, _WINDOW = 1, 2


def room(period: int) -> tuple[int, int]:
    """The last close, the scale, then the window of true ranges, the highs and the lows with their sign turned."""
    floats, ints = window_room(period)
    more_floats, more_ints = extreme_room(period)
    return _WINDOW + floats + 2 * more_floats, ints + 2 * more_ints


def bootstrap_state(f: Floats, n: Ints, i: int, j: int, period: int) -> None:
    """No candle yet."""
    f[i] = nan
    f[i + _SCALE] = 100.0 / log(period)
    open_window(f, n, i + _WINDOW, j, period)
    floats, ints = window_room(period)
    at, count = i + _WINDOW + floats, j + ints
    open_extreme(f, n, at, count, period)
    floats, ints = extreme_room(period)
    open_extreme(f, n, at + floats, count + ints, period)


def update(f: Floats, n: Ints, i: int, j: int, high: float, low: float, close: float) -> None:
    """Let the candle in and the oldest out."""
    push(f, n, i + _WINDOW, j, true_span(high, low, close, f[i]))
    floats, ints = window_room(n[j])
    at, count = i + _WINDOW + floats, j + ints
    push_extreme(f, n, at, count, high)
    floats, ints = extreme_room(n[j])
    push_extreme(f, n, at + floats, count + ints, -low)
    f[i] = close + 0.0 * (high - low)  # NaN after a candle that has one


def emit(f: Floats, n: Ints, i: int, j: int) -> float:
    """The index."""
    way = mean(f, n, i + _WINDOW, j) * n[j]
    floats, ints = window_room(n[j])
    at, count = i + _WINDOW + floats, j + ints
    top = largest(f, n, at, count)
    floats, ints = extreme_room(n[j])
    height = top + largest(f, n, at + floats, count + ints)
    if not (way > 0.0 and height > 0.0):
        return nan
    index: float = log(way / height) * f[i + _SCALE]
    return index


KIND = Kind(
    name="choppiness",
    inputs=("high", "low", "close"),
    parameters={"period": Whole(2, 99_999, 14)},
    room=room,
    bootstrap_state=bootstrap_state,
    update=update,
    outputs={"value": Output(emit, lambda period: period + 1)},
    memory="window",
)

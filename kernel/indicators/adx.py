"""Average directional index: how strongly a market goes one way, and which.

A candle's directional movement is what its high gained (plus) or its low lost (minus), whichever is larger. Both, and
the true range, are averaged as Wilder does; `plus_di` and `minus_di` are the movements by the range, `adx` is the
average of their distance by their sum.
Input: high, low, close. Outputs: 0 to 100. Warm-up: `period` + 1 candles, for `adx` 2 * `period`. Cost: O(1).
Edges: a candle with a NaN or infinite price is passed over. Constant prices have no direction: all three are 0.
Forgets: recursive; a start's weight shrinks by 1 / `period` a candle.
Source: J. W. Wilder, New Concepts in Technical Trading Systems, 1978. TA-Lib's ADX, PLUS_DI and MINUS_DI start with
one candle less, and come to the same.
"""

from math import nan

from kernel.indicators.kind import Floats, Ints, Kind, Output, Whole
from kernel.indicators.smoothing import open_wilder, push_wilder, read_wilder, wilder_room
from kernel.indicators.true_range import true_span

__all__ = ["KIND"]

_HIGH, _LOW, _CLOSE, _PLUS, _MINUS, _RANGE, _INDEX = 0, 1, 2, 3, 5, 7, 9  # in f; an average takes two
_N_PLUS, _N_MINUS, _N_RANGE, _N_INDEX = 1, 3, 5, 7  # in n, after whether there is a candle before


def room(period: int) -> tuple[int, int]:
    """The candle before, and four averages."""
    floats, whole = wilder_room()
    return _PLUS + 4 * floats, _N_PLUS + 4 * whole


def bootstrap_state(f: Floats, n: Ints, i: int, j: int, period: int) -> None:
    """No candle yet."""
    open_wilder(f, n, i + _PLUS, j + _N_PLUS, period)
    open_wilder(f, n, i + _MINUS, j + _N_MINUS, period)
    open_wilder(f, n, i + _RANGE, j + _N_RANGE, period)
    open_wilder(f, n, i + _INDEX, j + _N_INDEX, period)


def update(f: Floats, n: Ints, i: int, j: int, high: float, low: float, close: float) -> None:
    """Take the next candle."""
    known = high - low + close
    if known - known != 0.0:
        return
    up, down, before = high - f[i + _HIGH], f[i + _LOW] - low, f[i + _CLOSE]
    f[i + _HIGH], f[i + _LOW], f[i + _CLOSE] = high, low, close
    if n[j] == 0:
        n[j] = 1
        return
    push_wilder(f, n, i + _PLUS, j + _N_PLUS, up if up > down and up > 0.0 else 0.0)
    push_wilder(f, n, i + _MINUS, j + _N_MINUS, down if down > up and down > 0.0 else 0.0)
    push_wilder(f, n, i + _RANGE, j + _N_RANGE, true_span(high, low, close, before))
    plus, minus = read_wilder(f, n, i + _PLUS, j + _N_PLUS), read_wilder(f, n, i + _MINUS, j + _N_MINUS)
    both = plus + minus
    push_wilder(f, n, i + _INDEX, j + _N_INDEX, 100.0 * abs(plus - minus) / both if both != 0.0 else 0.0)


def adx(f: Floats, n: Ints, i: int, j: int) -> float:
    """The strength of the direction."""
    return read_wilder(f, n, i + _INDEX, j + _N_INDEX)


def plus_di(f: Floats, n: Ints, i: int, j: int) -> float:
    """The movement upwards, in percent of the range."""
    return _share(read_wilder(f, n, i + _PLUS, j + _N_PLUS), read_wilder(f, n, i + _RANGE, j + _N_RANGE))


def minus_di(f: Floats, n: Ints, i: int, j: int) -> float:
    """The movement downwards, in percent of the range."""
    return _share(read_wilder(f, n, i + _MINUS, j + _N_MINUS), read_wilder(f, n, i + _RANGE, j + _N_RANGE))


def _share(movement: float, span: float) -> float:
    if movement - movement != 0.0:
        return nan
    return 100.0 * movement / span if span != 0.0 else 0.0


KIND = Kind(
    name="adx",
    inputs=("high", "low", "close"),
    parameters={"period": Whole(high=50_000, default=14)},
    room=room,
    bootstrap_state=bootstrap_state,
    update=update,
    outputs={"adx": Output(adx, lambda period: 2 * period), "plus_di": Output(plus_di, lambda period: period + 1),
             "minus_di": Output(minus_di, lambda period: period + 1)},
    memory="recursive",
)  # fmt: skip

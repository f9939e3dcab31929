"""Supertrend: a band of true ranges behind the market, which turns when a candle closes beyond it.

Bands lie `multiplier` average true ranges (Wilder's) around the middle of the candle. The lower one never falls, and
the upper one never rises, until a close was beyond it. The trend turns up on a close above the upper band, down on
one below the lower.
Input: high, low, close. Outputs: `value`, the lower band in a rising trend and the upper one in a falling, in quote;
`direction`, 1.0 or -1.0. Warm-up: `period` + 1 candles; the first trend is falling. Cost: O(1).
Edges: a candle with a NaN or infinite price is passed over; constant prices stay in the first trend.
Forgets: recursive: the average true range fades, and the bands follow a turn or two later.
Source: O. Seban's indicator as TradingView's `ta.supertrend` computes it; talipp's SuperTrend.
"""

from math import nan

from kernel.indicators.kind import Floats, Ints, Kind, Output, Real, Whole
from kernel.indicators.smoothing import open_wilder, push_wilder, read_wilder, wilder_room
from kernel.indicators.true_range import true_span

__all__ = ["KIND"]

_MULTIPLIER, _CLOSE, _UPPER, _LOWER, _RANGE = 0, 1, 2, 3, 4
_SIDE, _N_RANGE = 1, 2  # n: whether there is a candle before, direction (0: none yet), the average


def room(period: int, multiplier: float) -> tuple[int, int]:
    """See the names above; the average true range comes last."""
    floats, whole = wilder_room()
    return _RANGE + floats, _N_RANGE + whole


def bootstrap_state(f: Floats, n: Ints, i: int, j: int, period: int, multiplier: float) -> None:
    """No candle yet."""
    f[i + _MULTIPLIER] = multiplier
    open_wilder(f, n, i + _RANGE, j + _N_RANGE, period)


def update(f: Floats, n: Ints, i: int, j: int, high: float, low: float, close: float) -> None:
    """Take the next candle."""
    known = high - low + close
    if known - known != 0.0:
        return
    before = f[i + _CLOSE]
    f[i + _CLOSE] = close
    if n[j] == 0:
        n[j] = 1
        return
    push_wilder(f, n, i + _RANGE, j + _N_RANGE, true_span(high, low, close, before))
    reach = f[i + _MULTIPLIER] * read_wilder(f, n, i + _RANGE, j + _N_RANGE)
    if reach - reach != 0.0:
        return
    middle = (high + low) / 2.0
    upper, lower = middle + reach, middle - reach
    if n[j + _SIDE] == 0:
        n[j + _SIDE] = -1
    else:
        if upper >= f[i + _UPPER] and before <= f[i + _UPPER]:
            upper = f[i + _UPPER]
        if lower <= f[i + _LOWER] and before >= f[i + _LOWER]:
            lower = f[i + _LOWER]
    f[i + _UPPER], f[i + _LOWER] = upper, lower
    if n[j + _SIDE] < 0 and close > upper:
        n[j + _SIDE] = 1
    elif n[j + _SIDE] > 0 and close < lower:
        n[j + _SIDE] = -1


def value(f: Floats, n: Ints, i: int, j: int) -> float:
    """The band behind the market."""
    if n[j + _SIDE] == 0:
        return nan
    return float(f[i + _LOWER] if n[j + _SIDE] > 0 else f[i + _UPPER])


def direction(f: Floats, n: Ints, i: int, j: int) -> float:
    """1.0 or -1.0."""
    return float(n[j + _SIDE]) if n[j + _SIDE] != 0 else nan


KIND = Kind(
    name="supertrend",
    inputs=("high", "low", "close"),
    parameters={"period": Whole(high=99_999, default=10), "multiplier": Real(0.0, 1e3, 3.0)},
    room=room,
    bootstrap_state=bootstrap_state,
    update=update,
    outputs={"value": Output(value, lambda period, multiplier: period + 1),
             "direction": Output(direction, lambda period, multiplier: period + 1)},
    memory="recursive",
)  # fmt: skip

"""Parabolic stop and reverse: a stop that follows a trend ever faster, and turns with it.

Each candle the stop moves towards the trend's furthest price by `step` of the distance, and by `step` more, up to
`maximum`, whenever that price is passed; it never enters the last two candles. A candle that touches it turns the
trend, and the new stop is the old trend's furthest price.
Input: high, low. Outputs: `value`, the stop that held in the newest candle, in quote; `direction`, 1.0 while it lies
below the market, -1.0 above. Warm-up: 2 candles; it begins falling where the low fell by more than the high rose.
Cost: O(1).
Edges: a candle with a NaN or infinite price is passed over; constant prices touch the stop, and so turn each candle.
Forgets: recursive; in practice a turn or two after the starts differ.
Source: J. W. Wilder, New Concepts in Technical Trading Systems, 1978; TA-Lib's SAR, which touches and begins alike.
"""

from math import nan

from kernel.indicators.kind import Floats, Ints, Kind, Output, Real

__all__ = ["KIND"]

_STEP, _MAXIMUM, _RATE, _VALUE, _NEXT, _FURTHEST, _HIGH, _LOW = 0, 1, 2, 3, 4, 5, 6, 7
_SIDE = 1  # n: candles seen (at most 2), direction


def room(step: float, maximum: float) -> tuple[int, int]:
    """See the names above."""
    return 8, 2


def bootstrap_state(f: Floats, n: Ints, i: int, j: int, step: float, maximum: float) -> None:
    """No candle yet."""
    f[i + _MAXIMUM] = maximum
    f[i + _STEP] = step if step < maximum else maximum


def update(f: Floats, n: Ints, i: int, j: int, high: float, low: float) -> None:
    """Take the next candle."""
    if high - high != 0.0 or low - low != 0.0:
        return
    if n[j] == 1:
        _begin(f, n, i, j, high, low)
    elif n[j] == 2:
        _follow(f, n, i, j, high, low)
    else:
        n[j] = 1
    f[i + _HIGH], f[i + _LOW] = high, low


def _begin(f: Floats, n: Ints, i: int, j: int, high: float, low: float) -> None:
    """The second candle: choose a direction. The stop is the first candle's far end."""
    fall, rise = f[i + _LOW] - low, high - f[i + _HIGH]
    falling = fall > 0.0 and fall > rise
    n[j], n[j + _SIDE] = 2, -1 if falling else 1
    f[i + _NEXT] = f[i + _HIGH] if falling else f[i + _LOW]
    f[i + _FURTHEST] = low if falling else high
    f[i + _RATE] = f[i + _STEP]
    f[i + _HIGH], f[i + _LOW] = high, low
    _follow(f, n, i, j, high, low)


def _follow(f: Floats, n: Ints, i: int, j: int, high: float, low: float) -> None:
    """A falling trend is a rising one with all signs turned, highs and lows exchanged."""
    side = float(n[j + _SIDE])
    stop, furthest = side * f[i + _NEXT], side * f[i + _FURTHEST]
    if (low if side > 0.0 else -high) <= stop:
        side = -side
        n[j + _SIDE] = -n[j + _SIDE]
        stop, furthest = -furthest, high if side > 0.0 else -low
        stop = _outside(f, i, side, stop, high, low)
        f[i + _RATE] = f[i + _STEP]
    else:
        top = high if side > 0.0 else -low
        if top > furthest:
            furthest = top
            rate = f[i + _RATE] + f[i + _STEP]
            f[i + _RATE] = rate if rate < f[i + _MAXIMUM] else f[i + _MAXIMUM]
    f[i + _VALUE], f[i + _FURTHEST] = side * stop, side * furthest
    f[i + _NEXT] = side * _outside(f, i, side, stop + f[i + _RATE] * (furthest - stop), high, low)


def _outside(f: Floats, i: int, side: float, stop: float, high: float, low: float) -> float:
    """The stop (of a rising trend), no higher than the lows of the newest two candles."""
    before = f[i + _LOW] if side > 0.0 else -f[i + _HIGH]
    now = low if side > 0.0 else -high
    lower = before if before < now else now
    return stop if stop < lower else lower


def value(f: Floats, n: Ints, i: int, j: int) -> float:
    """The stop."""
    return f[i + _VALUE] if n[j] == 2 else nan


def direction(f: Floats, n: Ints, i: int, j: int) -> float:
    """1.0 or -1.0."""
    return float(n[j + _SIDE]) if n[j] == 2 else nan


KIND = Kind(
    name="psar",
    inputs=("high", "low"),
    parameters={"step": Real(0.0, 1.0, 0.02), "maximum": Real(0.0, 1.0, 0.2)},
    room=room,
    bootstrap_state=bootstrap_state,
    update=update,
    outputs={"value": Output(value, lambda step, maximum: 2), "direction": Output(direction, lambda step, maximum: 2)},
    memory="recursive",
)

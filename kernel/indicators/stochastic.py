"""Slow stochastic: where the close lies between the lowest low and the highest high, smoothed twice by simple means.

Inputs: high, low, close. Outputs: `k`, the mean of the last `smooth` places, 0 to 100; `d`, the mean of the last
`signal` values of `k`. Warm-up: `period` + `smooth` - 1 inputs for `k`, `signal` - 1 more for `d`.
Cost: O(1) amortised (extreme.py, window.py).
Edges: NaN while any of the three is NaN or infinite within the warm-up; a window without range counts as 50
(TA-Lib says 0 there).
Forgets: after exactly as many inputs as the warm-up.
Source: G. C. Lane, Lane's Stochastics, Stocks & Commodities, 1984; TA-Lib's STOCH.
"""

from kernel.indicators.extreme import extreme_room, largest, open_extreme, push_extreme
from kernel.indicators.kind import Floats, Ints, Kind, Output, Whole
from kernel.indicators.window import mean, open_window, push, room

__all__ = ["KIND"]


def all_rooms(period: int, smooth: int, signal: int) -> tuple[int, int]:
    """Highs, lows turned upside down, the window of places, the window of `k`."""
    (span, span_whole), (places, whole), (ks, _) = extreme_room(period), room(smooth), room(signal)
    return 2 * span + places + ks, 2 * span_whole + 2 * whole


def bootstrap_state(f: Floats, n: Ints, i: int, j: int, period: int, smooth: int, signal: int) -> None:
    """Four empty windows."""
    for _ in "high", "low":
        open_extreme(f, n, i, j, period)
        floats, whole = extreme_room(period)
        i, j = i + floats, j + whole
    open_window(f, n, i, j, smooth)
    floats, whole = room(smooth)
    open_window(f, n, i + floats, j + whole, signal)


def update(f: Floats, n: Ints, i: int, j: int, high: float, low: float, close: float) -> None:
    """Take the next candle. A candle that lacks a number counts as one that lacks all."""
    lack = (high - high) + (low - low) + (close - close)  # 0, or NaN
    floats, whole = extreme_room(n[j])
    push_extreme(f, n, i, j, high + lack)
    push_extreme(f, n, i + floats, j + whole, lack - low)
    top, bottom = largest(f, n, i, j), -largest(f, n, i + floats, j + whole)
    place = (close - bottom) / (top - bottom) if top != bottom else 0.5
    i, j = i + 2 * floats, j + 2 * whole
    push(f, n, i, j, 100.0 * place)
    floats, whole = room(n[j])
    push(f, n, i + floats, j + whole, mean(f, n, i, j))


def k(f: Floats, n: Ints, i: int, j: int) -> float:
    """The mean of the last places."""
    floats, whole = extreme_room(n[j])
    return mean(f, n, i + 2 * floats, j + 2 * whole)


def d(f: Floats, n: Ints, i: int, j: int) -> float:
    """The mean of the last values of `k`."""
    floats, whole = extreme_room(n[j])
    i, j = i + 2 * floats, j + 2 * whole
    floats, whole = room(n[j])
    return mean(f, n, i + floats, j + whole)


KIND = Kind(
    name="stochastic",
    inputs=("high", "low", "close"),
    parameters={"period": Whole(default=14), "smooth": Whole(default=3), "signal": Whole(default=3)},
    room=all_rooms,
    bootstrap_state=bootstrap_state,
    update=update,
    outputs={
        "k": Output(k, lambda period, smooth, signal: period + smooth - 1),
        "d": Output(d, lambda period, smooth, signal: period + smooth + signal - 2),
    },
    memory="window",
)

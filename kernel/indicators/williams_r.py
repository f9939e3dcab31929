"""Williams %R: how far the close lies below the highest high, as a share of the window's range.

Inputs: high, low, close. Output: -100 (at the low) to 0 (at the high). Warm-up: `period` inputs.
Cost: O(1) amortised (extreme.py).
Edges: NaN while any of the three is NaN or infinite in the window; -50 in a window without range (TA-Lib says 0 there).
Forgets: after exactly `period` inputs.
Source: L. R. Williams, How I Made One Million Dollars Last Year Trading Commodities, 1973; TA-Lib's WILLR.
"""

from kernel.indicators.extreme import extreme_room, largest, open_extreme, push_extreme
from kernel.indicators.kind import Floats, Ints, Kind, Output, Whole

__all__ = ["KIND"]


def room(period: int) -> tuple[int, int]:
    """Highs, lows turned upside down, and the last close."""
    floats, whole = extreme_room(period)
    return 2 * floats + 1, 2 * whole


def bootstrap_state(f: Floats, n: Ints, i: int, j: int, period: int) -> None:
    """Two empty windows."""
    floats, whole = extreme_room(period)
    open_extreme(f, n, i, j, period)
    open_extreme(f, n, i + floats, j + whole, period)


def update(f: Floats, n: Ints, i: int, j: int, high: float, low: float, close: float) -> None:
    """Take the next candle. A candle that lacks a number counts as one that lacks all."""
    lack = (high - high) + (low - low) + (close - close)  # 0, or NaN
    floats, whole = extreme_room(n[j])
    push_extreme(f, n, i, j, high + lack)
    push_extreme(f, n, i + floats, j + whole, lack - low)
    f[i + 2 * floats] = close


def emit(f: Floats, n: Ints, i: int, j: int) -> float:
    """The distance from the top."""
    floats, whole = extreme_room(n[j])
    top, bottom = largest(f, n, i, j), -largest(f, n, i + floats, j + whole)
    below: float = top - f[i + 2 * floats]
    if top == bottom:
        return -50.0
    return -100.0 * (below / (top - bottom))


KIND = Kind(
    name="williams_r",
    inputs=("high", "low", "close"),
    parameters={"period": Whole(default=14)},
    room=room,
    bootstrap_state=bootstrap_state,
    update=update,
    outputs={"value": Output(emit, lambda period: period)},
    memory="window",
)

"""Aroon: how recently a window saw its highest high and its lowest low.

Input: high, low. Outputs: `up` and `down`, 100 where the newest candle is the extreme, 0 where it came `period` candles
ago; `oscillator`, up less down, -100 to 100. Warm-up: `period` + 1 candles. Cost: O(1) amortised (extreme.py).
Edges: of equal extremes the newest counts, so constant prices give 100, 100 and 0; NaN while a NaN or infinite input is
in the window that an output reads.
Forgets: after exactly `period` + 1 candles. Source: T. Chande, Stocks & Commodities 13:9, 1995; TA-Lib's AROON.
"""

from kernel.indicators.extreme import age_of_largest, extreme_room, open_extreme, push_extreme
from kernel.indicators.kind import Floats, Ints, Kind, Output, Whole

__all__ = ["KIND"]


def room(period: int) -> tuple[int, int]:
    """A queue of highs, and one of lows with their signs turned."""
    floats, whole = extreme_room(period + 1)
    return 2 * floats, 2 * whole


def bootstrap_state(f: Floats, n: Ints, i: int, j: int, period: int) -> None:
    """No candle yet."""
    floats, whole = extreme_room(period + 1)
    open_extreme(f, n, i, j, period + 1)
    open_extreme(f, n, i + floats, j + whole, period + 1)


def update(f: Floats, n: Ints, i: int, j: int, high: float, low: float) -> None:
    """Take the next candle."""
    floats, whole = extreme_room(n[j])
    push_extreme(f, n, i, j, high)
    push_extreme(f, n, i + floats, j + whole, -low)


def up(f: Floats, n: Ints, i: int, j: int) -> float:
    """How recent the highest high is."""
    period = n[j] - 1
    return float(100.0 * (period - age_of_largest(f, n, i, j)) / period)


def down(f: Floats, n: Ints, i: int, j: int) -> float:
    """How recent the lowest low is."""
    floats, whole = extreme_room(n[j])
    return up(f, n, i + floats, j + whole)


def oscillator(f: Floats, n: Ints, i: int, j: int) -> float:
    """Up less down."""
    return up(f, n, i, j) - down(f, n, i, j)


KIND = Kind(
    name="aroon",
    inputs=("high", "low"),
    parameters={"period": Whole(high=99_999, default=25)},
    room=room,
    bootstrap_state=bootstrap_state,
    update=update,
    outputs={"up": Output(up, lambda period: period + 1), "down": Output(down, lambda period: period + 1),
             "oscillator": Output(oscillator, lambda period: period + 1)},
    memory="window",
)  # fmt: skip

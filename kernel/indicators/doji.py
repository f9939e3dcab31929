"""Doji: whether a candle's body is small beside its own range.

Input: open, high, low, close. Output: 1.0 where the body is at most `threshold` of the range, else 0.0. Warm-up: 1
input. Cost: O(1).
Edges: a candle without a range is one; NaN where any of the four is no number.
Forgets: at once. Source: TA-Lib's CDLDOJI with its share of 0.1, taken of the candle's own range, not of the last
ten's.
"""

from math import nan

from kernel.indicators.kind import Floats, Ints, Kind, Output, Real

__all__ = ["KIND"]


def room(threshold: float) -> tuple[int, int]:
    """f: body, range, threshold."""
    return 3, 0


def bootstrap_state(f: Floats, n: Ints, i: int, j: int, threshold: float) -> None:
    """No candle yet."""
    f[i], f[i + 2] = nan, threshold


def update(f: Floats, n: Ints, i: int, j: int, open_: float, high: float, low: float, close: float) -> None:
    """Measure the candle."""
    f[i], f[i + 1] = abs(close - open_), high - low


def emit(f: Floats, n: Ints, i: int, j: int) -> float:
    """1.0 for a doji."""
    body, length = f[i], f[i + 1]
    if body - body != 0.0 or length - length != 0.0:
        return nan
    return 1.0 if body <= f[i + 2] * length else 0.0


KIND = Kind(
    name="doji",
    inputs=("open", "high", "low", "close"),
    parameters={"threshold": Real(0.0, 1.0, 0.1)},
    room=room,
    bootstrap_state=bootstrap_state,
    update=update,
    outputs={"value": Output(emit, lambda threshold: 1)},
    memory="window",
)

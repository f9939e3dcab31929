"""The shape of one candle, free of scale: its body, its range and its shadows as shares.

Input: open, high, low, close. Outputs, relative to the close: `body`, close less open; `range`, high less low;
`upper_shadow`, from the body to the high; `lower_shadow`, from the low to the body. Relative to the range:
`close_position`, 0 where it closed at its low, 1 at its high; `body_share`, the body without its sign. Warm-up: 1
input. Cost: O(1).
Edges: a candle without a range has a `close_position` of 0.5 and a `body_share` of 0; NaN where any of the four is no
number, or the close is not positive.
Forgets: at once. Source: S. Nison, Japanese Candlestick Charting Techniques, 2nd ed. 2001, for the parts' names.
"""

from math import nan

from kernel.indicators.kind import Floats, Ints, Kind, Output
from kernel.indicators.latest import open_latest

__all__ = ["KIND"]


def room() -> tuple[int, int]:
    """f: open, high, low, close."""
    return 4, 0


def update(f: Floats, n: Ints, i: int, j: int, open_: float, high: float, low: float, close: float) -> None:
    """Store the candle."""
    f[i], f[i + 1], f[i + 2], f[i + 3] = open_, high, low, close


def _whole(f: Floats, i: int) -> bool:
    """Whether all four are numbers, and the close is one to divide by."""
    total = f[i] + f[i + 1] + f[i + 2] + f[i + 3]
    return bool(total - total == 0.0 and f[i + 3] > 0.0)


def body(f: Floats, n: Ints, i: int, j: int) -> float:
    """(close - open) / close."""
    return (f[i + 3] - f[i]) / f[i + 3] if _whole(f, i) else nan


def range_(f: Floats, n: Ints, i: int, j: int) -> float:
    """(high - low) / close."""
    return (f[i + 1] - f[i + 2]) / f[i + 3] if _whole(f, i) else nan


def upper_shadow(f: Floats, n: Ints, i: int, j: int) -> float:
    """(high - the body's upper end) / close."""
    if not _whole(f, i):
        return nan
    top = f[i] if f[i] > f[i + 3] else f[i + 3]
    shadow: float = (f[i + 1] - top) / f[i + 3]
    return shadow


def lower_shadow(f: Floats, n: Ints, i: int, j: int) -> float:
    """(the body's lower end - low) / close."""
    if not _whole(f, i):
        return nan
    bottom = f[i] if f[i] < f[i + 3] else f[i + 3]
    shadow: float = (bottom - f[i + 2]) / f[i + 3]
    return shadow


def close_position(f: Floats, n: Ints, i: int, j: int) -> float:
    """(close - low) / (high - low)."""
    if not _whole(f, i):
        return nan
    length = f[i + 1] - f[i + 2]
    return (f[i + 3] - f[i + 2]) / length if length > 0.0 else 0.5


def body_share(f: Floats, n: Ints, i: int, j: int) -> float:
    """|close - open| / (high - low)."""
    if not _whole(f, i):
        return nan
    length = f[i + 1] - f[i + 2]
    return abs(f[i + 3] - f[i]) / length if length > 0.0 else 0.0


KIND = Kind(
    name="candle",
    inputs=("open", "high", "low", "close"),
    parameters={},
    room=room,
    bootstrap_state=open_latest,
    update=update,
    outputs={"body": Output(body, lambda: 1), "range": Output(range_, lambda: 1),
             "upper_shadow": Output(upper_shadow, lambda: 1), "lower_shadow": Output(lower_shadow, lambda: 1),
             "close_position": Output(close_position, lambda: 1), "body_share": Output(body_share, lambda: 1)},
    memory="window",
)  # fmt: skip

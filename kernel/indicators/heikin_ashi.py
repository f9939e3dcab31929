"""Heikin-Ashi candles: each opens in the middle of the one before, and closes at the mean of the candle's four prices.

Input: open, high, low, close. Outputs: `open`, `high`, `low` and `close`, prices. Warm-up: 1 input. Cost: O(1).
The first opens in the middle between the candle's own open and close.
Edges: a candle with a price that is no number is passed over.
Forgets: recursive; a start's weight halves with every candle.
Source: D. Valcu, Using the Heikin-Ashi Technique, Stocks & Commodities, February 2004.
"""

from math import nan

from kernel.indicators.kind import Floats, Ints, Kind, Output

__all__ = ["KIND"]


def room() -> tuple[int, int]:
    """f: the candle's open, high, low, close."""
    return 4, 0


def bootstrap_state(f: Floats, n: Ints, i: int, j: int) -> None:
    """No candle yet."""
    f[i] = f[i + 1] = f[i + 2] = f[i + 3] = nan


def update(f: Floats, n: Ints, i: int, j: int, open_: float, high: float, low: float, close: float) -> None:
    """Make the next candle of the last one and the prices."""
    middle = (open_ + high + low + close) * 0.25
    if middle - middle != 0.0:
        return
    opened = (f[i] + f[i + 3]) * 0.5
    if opened != opened:  # noqa: PLR0124 - NaN: the first candle
        opened = (open_ + close) * 0.5
    top = opened if opened > middle else middle
    bottom = opened if opened < middle else middle
    f[i], f[i + 3] = opened, middle
    f[i + 1] = high if high > top else top
    f[i + 2] = low if low < bottom else bottom


def opened(f: Floats, n: Ints, i: int, j: int) -> float:
    """Where it opens."""
    price: float = f[i]
    return price


def highest(f: Floats, n: Ints, i: int, j: int) -> float:
    """The candle's high, or what it opens or closes at if that is higher."""
    price: float = f[i + 1]
    return price


def lowest(f: Floats, n: Ints, i: int, j: int) -> float:
    """The candle's low, or what it opens or closes at if that is lower."""
    price: float = f[i + 2]
    return price


def closed(f: Floats, n: Ints, i: int, j: int) -> float:
    """Where it closes."""
    price: float = f[i + 3]
    return price


KIND = Kind(
    name="heikin_ashi",
    inputs=("open", "high", "low", "close"),
    parameters={},
    room=room,
    bootstrap_state=bootstrap_state,
    update=update,
    outputs={"open": Output(opened, lambda: 1), "high": Output(highest, lambda: 1),
             "low": Output(lowest, lambda: 1), "close": Output(closed, lambda: 1)},
    memory="recursive",
)  # fmt: skip

"""Donchian channel: between the highest high and the lowest low of the last `period` candles, the newest among them.

Input: high, low, close. Outputs: `upper`, `lower` and `middle`, half-way, in the unit of the price; `position`, the
close's place in the channel: 0 at the lowest low, 1 at the highest high. Warm-up: `period` inputs.
Cost: O(1) amortised (extreme.py).
Edges: `position` is 0.5 in a channel without height. A candle with a NaN or infinite input makes all outputs NaN until
it has left the window.
Forgets: after exactly `period` inputs. Source: R. Donchian's channel; TA-Lib's DONCHIAN.
"""

from math import nan

from kernel.indicators.extreme import extreme_room, largest, open_extreme, push_extreme
from kernel.indicators.kind import Floats, Ints, Kind, Output, Whole

__all__ = ["KIND"]


def room(period: int) -> tuple[int, int]:
    """The close, then the queue of highs, then that of lows with their sign turned."""
    floats, ints = extreme_room(period)
    return 1 + 2 * floats, 2 * ints


def bootstrap_state(f: Floats, n: Ints, i: int, j: int, period: int) -> None:
    """Two empty windows."""
    floats, ints = extreme_room(period)
    open_extreme(f, n, i + 1, j, period)
    open_extreme(f, n, i + 1 + floats, j + ints, period)


def update(f: Floats, n: Ints, i: int, j: int, high: float, low: float, close: float) -> None:
    """Let the candle in and the oldest out."""
    known = high - low + close
    if known - known != 0.0:
        high = low = nan
    floats, ints = extreme_room(n[j])
    push_extreme(f, n, i + 1, j, high)
    push_extreme(f, n, i + 1 + floats, j + ints, -low)
    f[i] = close


def upper(f: Floats, n: Ints, i: int, j: int) -> float:
    """The highest high."""
    return largest(f, n, i + 1, j)


def lower(f: Floats, n: Ints, i: int, j: int) -> float:
    """The lowest low."""
    floats, ints = extreme_room(n[j])
    return -largest(f, n, i + 1 + floats, j + ints)


def middle(f: Floats, n: Ints, i: int, j: int) -> float:
    """Half-way between them."""
    return (upper(f, n, i, j) + lower(f, n, i, j)) / 2.0


def position(f: Floats, n: Ints, i: int, j: int) -> float:
    """Where the close lies between them."""
    floor = lower(f, n, i, j)
    height = upper(f, n, i, j) - floor
    if height == 0.0:
        return 0.5
    place: float = (f[i] - floor) / height
    return place


KIND = Kind(
    name="donchian",
    inputs=("high", "low", "close"),
    parameters={"period": Whole(default=20)},
    room=room,
    bootstrap_state=bootstrap_state,
    update=update,
    outputs={
        "upper": Output(upper, lambda period: period),
        "lower": Output(lower, lambda period: period),
        "middle": Output(middle, lambda period: period),
        "position": Output(position, lambda period: period),
    },
    memory="window",
)

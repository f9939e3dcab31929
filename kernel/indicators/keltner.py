"""Keltner channel: an exponential average of the typical price, and `width` average true ranges to either side of it.

Input: high, low, close. Outputs: `middle`, `upper`, `lower`, in the unit of the price; `position`, the close's place in
the channel: 0 on the lower, 1 on the upper edge. Warm-up: `middle` `period` inputs, the others the longer of `period`
and `atr_period` + 1. Cost: O(1).
Edges: a candle with a NaN or infinite input is passed over; `position` is 0.5 in a channel without height.
Forgets: recursive; a start's weight halves about every 0.35 * period or 0.69 * atr_period inputs, whichever is more.
Source: C. Keltner, How to Make Money in Commodities, 1960, with L. B. Raschke's exponential average and true range;
TA-Lib's KC, which starts its average at a mean.
"""

from math import nan

from kernel.indicators.kind import Floats, Ints, Kind, Output, Real, Whole
from kernel.indicators.money_flow import typical_price
from kernel.indicators.smoothing import (
    ema_room,
    open_ema,
    open_wilder,
    push_ema,
    push_wilder,
    read_ema,
    read_wilder,
    wilder_room,
)
from kernel.indicators.true_range import true_span

__all__ = ["KIND"]

_RANGE, _CLOSE, _WIDTH = 2, 4, 5  # in f: the ema comes first; in n the wilder is the second


def room(period: int, atr_period: int, width: float) -> tuple[int, int]:
    """The average of prices, that of true ranges, the last close, the width."""
    return ema_room()[0] + wilder_room()[0] + 2, ema_room()[1] + wilder_room()[1]


def bootstrap_state(f: Floats, n: Ints, i: int, j: int, period: int, atr_period: int, width: float) -> None:
    """No candle yet."""
    open_ema(f, n, i, j, period)
    open_wilder(f, n, i + _RANGE, j + 1, atr_period)
    f[i + _CLOSE] = nan
    f[i + _WIDTH] = width


def update(f: Floats, n: Ints, i: int, j: int, high: float, low: float, close: float) -> None:
    """Move both averages."""
    known = high - low + close
    if known - known != 0.0:
        return
    push_ema(f, n, i, j, typical_price(high, low, close))
    push_wilder(f, n, i + _RANGE, j + 1, true_span(high, low, close, f[i + _CLOSE]))
    f[i + _CLOSE] = close


def _reach(f: Floats, n: Ints, i: int, j: int) -> float:
    """From the middle to either edge."""
    reach: float = f[i + _WIDTH] * read_wilder(f, n, i + _RANGE, j + 1)
    return reach


def upper(f: Floats, n: Ints, i: int, j: int) -> float:
    """The average and the width above it."""
    return read_ema(f, n, i, j) + _reach(f, n, i, j)


def lower(f: Floats, n: Ints, i: int, j: int) -> float:
    """The average less the width below it."""
    return read_ema(f, n, i, j) - _reach(f, n, i, j)


def position(f: Floats, n: Ints, i: int, j: int) -> float:
    """Where the close lies in the channel."""
    middle, reach = read_ema(f, n, i, j), _reach(f, n, i, j)
    known = middle + reach
    if known - known != 0.0:
        return nan
    return 0.5 + 0.5 * (f[i + _CLOSE] - middle) / reach if reach != 0.0 else 0.5


def _both(period: int, atr_period: int, width: float) -> int:
    return max(period, atr_period + 1)


KIND = Kind(
    name="keltner",
    inputs=("high", "low", "close"),
    parameters={
        "period": Whole(default=20),
        "atr_period": Whole(high=99_999, default=10),
        "width": Real(0.0, 100.0, 2.0),
    },
    room=room,
    bootstrap_state=bootstrap_state,
    update=update,
    outputs={
        "middle": Output(read_ema, lambda period, atr_period, width: period),
        "upper": Output(upper, _both),
        "lower": Output(lower, _both),
        "position": Output(position, _both),
    },
    memory="recursive",
)

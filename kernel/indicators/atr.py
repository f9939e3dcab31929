"""Average true range: Wilder's average of the true range, and the same as a share of the close.

Input: high, low, close. Outputs: `value`, in the unit of the price; `percent`, dimensionless: 0.01 for one percent.
Warm-up: `period` + 1 inputs. Cost: O(1).
Edges: a candle with a NaN or infinite input is passed over; `percent` is NaN at a close of 0; both are 0 while the
price stands still.
Forgets: recursive; a start's weight halves about every 0.69 * period inputs.
Source: J. W. Wilder, New Concepts in Technical Trading Systems, 1978; TA-Lib's ATR and NATR.
"""

from math import nan

from kernel.indicators.kind import Floats, Ints, Kind, Output, Whole
from kernel.indicators.smoothing import open_wilder, push_wilder, read_wilder, wilder_room
from kernel.indicators.true_range import true_span

__all__ = ["KIND"]

_CLOSE = 2


def room(period: int) -> tuple[int, int]:
    """The average, then the last close."""
    floats, ints = wilder_room()
    return floats + 1, ints


def bootstrap_state(f: Floats, n: Ints, i: int, j: int, period: int) -> None:
    """No candle yet."""
    open_wilder(f, n, i, j, period)
    f[i + _CLOSE] = nan


def update(f: Floats, n: Ints, i: int, j: int, high: float, low: float, close: float) -> None:
    """Move the average towards the candle's true range."""
    known = high - low + close
    if known - known != 0.0:
        return
    push_wilder(f, n, i, j, true_span(high, low, close, f[i + _CLOSE]))
    f[i + _CLOSE] = close


def percent(f: Floats, n: Ints, i: int, j: int) -> float:
    """The average as a share of the last close."""
    close = f[i + _CLOSE]
    if close == 0.0:
        return nan
    share: float = read_wilder(f, n, i, j) / close
    return share


KIND = Kind(
    name="atr",
    inputs=("high", "low", "close"),
    parameters={"period": Whole(high=99_999, default=14)},
    room=room,
    bootstrap_state=bootstrap_state,
    update=update,
    outputs={
        "value": Output(read_wilder, lambda period: period + 1),
        "percent": Output(percent, lambda period: period + 1),
    },
    memory="recursive",
)

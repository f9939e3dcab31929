"""Amihud illiquidity: by what share the close moved for one unit of quote traded, in the mean of the window.

Input: close, volume. Output: per quote unit: the mean of |return| / (close * volume). Warm-up: `period` + 1 inputs.
Cost: O(1), two windows in whole numbers (window.py).
Edges: candles without volume are passed over: the mean is over those of the last `period` candles that have some, and
NaN where none has. NaN while a candle with a NaN or infinite input, or one after it or after a close of 0, is in the
window.
Forgets: after exactly `period` + 1 inputs.
Source: Y. Amihud, Illiquidity and Stock Returns, J. Financial Markets 5, 2002.
"""

from math import nan

from kernel.indicators.kind import Floats, Ints, Kind, Output, Whole
from kernel.indicators.window_pair import open_pair, pair_room, push_pair, quotient

__all__ = ["KIND"]


def room(period: int) -> tuple[int, int]:
    """The last close, then the windows of what candles moved per unit, and of 1 for each candle that traded."""
    floats, ints = pair_room(period)
    return 1 + floats, ints


def bootstrap_state(f: Floats, n: Ints, i: int, j: int, period: int) -> None:
    """No candle yet."""
    f[i] = nan
    open_pair(f, n, i + 1, j, period)


def update(f: Floats, n: Ints, i: int, j: int, close: float, volume: float) -> None:
    """Let the candle in and the oldest out."""
    before = f[i]
    f[i] = close + 0.0 * volume  # NaN after a candle that has one
    turnover = close * volume
    known = turnover + before
    if known - known != 0.0 or before == 0.0:
        push_pair(f, n, i + 1, j, nan, nan)
    elif turnover > 0.0:
        push_pair(f, n, i + 1, j, abs((close - before) / before) / turnover, 1.0)
    else:
        push_pair(f, n, i + 1, j, 0.0, 0.0)


def emit(f: Floats, n: Ints, i: int, j: int) -> float:
    """The mean over the candles that traded."""
    return quotient(f, n, i + 1, j)


KIND = Kind(
    name="amihud",
    inputs=("close", "volume"),
    parameters={"period": Whole(high=99_999)},
    room=room,
    bootstrap_state=bootstrap_state,
    update=update,
    outputs={"value": Output(emit, lambda period: period + 1)},
    memory="window",
)

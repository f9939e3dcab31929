"""Volume-weighted average price of the UTC day so far: starts anew with the first candle that opens at or after 00:00.

Input: a price (the close, or a typical price where the feature names one), volume, minute. Output: the unit of the
price. Warm-up: 1 input; where the run begins within a day, that day's average begins there, too. Cost: O(1).
Edges: NaN until the day has volume; a candle with a NaN or infinite input is passed over.
Forgets: at every midnight. Source: the sum of price times volume divided by the sum of volume; within one day TA-Lib's
VWAP.
"""

from math import nan

from kernel.indicators.kind import Floats, Ints, Kind, Output

__all__ = ["KIND"]

_DAY, _TURNOVER, _VOLUME = 0, 1, 2
_MINUTES = 1440.0  # of a day


def bootstrap_state(f: Floats, n: Ints, i: int, j: int) -> None:
    """f: the day's first minute, its turnover, its volume."""
    f[i + _DAY] = nan


def update(f: Floats, n: Ints, i: int, j: int, x: float, volume: float, minute: float) -> None:
    """Add the candle to its day."""
    turnover = x * volume
    known = turnover + volume + minute
    if known - known != 0.0:
        return
    day = minute - minute % _MINUTES
    if day != f[i + _DAY]:
        f[i + _DAY] = day
        f[i + _TURNOVER] = f[i + _VOLUME] = 0.0
    f[i + _TURNOVER] += turnover
    f[i + _VOLUME] += volume


def emit(f: Floats, n: Ints, i: int, j: int) -> float:
    """The day's average."""
    volume = f[i + _VOLUME]
    return f[i + _TURNOVER] / volume if volume > 0.0 else nan


KIND = Kind(
    name="vwap_session",
    inputs=("close", "volume", "minute"),
    parameters={},
    room=lambda: (3, 0),
    bootstrap_state=bootstrap_state,
    update=update,
    outputs={"value": Output(emit, lambda: 1)},
    memory="recursive",
)

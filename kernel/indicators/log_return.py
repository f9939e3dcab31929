"""Log return: the logarithm of what the input has multiplied itself by since `period` candles ago.

Input: one positive float a candle. Output: dimensionless, about 0.01 for one percent. Warm-up: `period` + 1 inputs.
Cost: O(1).
Edges: NaN where either of the two is no positive number, or their quotient is none; equal inputs give 0. A logarithm is
the C library's: its last bit may differ between machines, never between plain and compiled on one.
Forgets: after exactly `period` + 1 inputs. Source: pandas `log(x).diff(period)`, up to rounding.
"""

from math import log, nan

from kernel.indicators.kind import Floats, Ints, Kind, Output, Whole
from kernel.indicators.lookback import lookback_room, older, open_lookback
from kernel.indicators.ring import at, put

__all__ = ["KIND"]


def emit(f: Floats, n: Ints, i: int, j: int) -> float:
    """log(newest / oldest)."""
    before = older(f, n, i, j)
    x = at(f, n, i, j, 0)
    if not (before > 0.0 and x > 0.0):
        return nan
    ratio = x / before
    if not (ratio > 0.0 and ratio - ratio == 0.0):
        return nan
    return log(ratio)


KIND = Kind(
    name="log_return",
    inputs=("close",),
    parameters={"period": Whole(high=99_999, default=1)},
    room=lookback_room,
    bootstrap_state=open_lookback,
    update=put,
    outputs={"value": Output(emit, lambda period: period + 1)},
    memory="window",
)

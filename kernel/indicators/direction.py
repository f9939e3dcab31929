"""Direction: whether the input is above or below the one of `period` candles ago.

Input: one float a candle. Output: 1.0 above, -1.0 below, 0.0 at the same value. Warm-up: `period` + 1 inputs. Cost:
O(1).
Edges: NaN where either of the two is no number.
Forgets: after exactly `period` + 1 inputs. Source: the sign of TA-Lib's MOM.
"""

from math import nan

from kernel.indicators.kind import Floats, Ints, Kind, Output, Whole
from kernel.indicators.lookback import lookback_room, older, open_lookback
from kernel.indicators.ring import at, put

__all__ = ["KIND"]


def emit(f: Floats, n: Ints, i: int, j: int) -> float:
    """The sign of the change."""
    before = older(f, n, i, j)
    x = at(f, n, i, j, 0)
    if before - before != 0.0 or x - x != 0.0:
        return nan
    if x > before:
        return 1.0
    return -1.0 if x < before else 0.0


KIND = Kind(
    name="direction",
    inputs=("close",),
    parameters={"period": Whole(high=99_999, default=1)},
    room=lookback_room,
    bootstrap_state=open_lookback,
    update=put,
    outputs={"value": Output(emit, lambda period: period + 1)},
    memory="window",
)

"""Engulfing: whether a candle's body swallows the last one's, and turns its direction around.

Input: open, close. Output: 1.0 where a rising body covers a falling one, -1.0 where a falling body covers a rising one,
else 0.0. One end of the two bodies may be the same, not both. Warm-up: 2 inputs. Cost: O(1).
Edges: a candle without a body neither swallows nor is swallowed; NaN where any of the four is no number.
Forgets: after exactly 2 inputs. Source: the sign of TA-Lib's CDLENGULFING, which lets a body of 0 count as a rising
one.
"""

from math import nan

from kernel.indicators.kind import Floats, Ints, Kind, Output
from kernel.indicators.latest import latest_pairs, open_pairs, put_pair

__all__ = ["KIND"]


def emit(f: Floats, n: Ints, i: int, j: int) -> float:
    """1.0 upwards, -1.0 downwards, else 0.0."""
    was_open, was_close, open_, close = f[i], f[i + 1], f[i + 2], f[i + 3]
    total = was_open + was_close + open_ + close
    if total - total != 0.0:
        return nan
    if close == was_open and open_ == was_close:
        return 0.0
    if was_close < was_open and open_ <= was_close and close >= was_open:
        return 1.0
    if was_close > was_open and open_ >= was_close and close <= was_open:
        return -1.0
    return 0.0


KIND = Kind(
    name="engulfing",
    inputs=("open", "close"),
    parameters={},
    room=latest_pairs,
    bootstrap_state=open_pairs,
    update=put_pair,
    outputs={"value": Output(emit, lambda: 2)},
    memory="window",
)

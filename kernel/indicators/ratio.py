"""Ratio of two inputs, x / y.

Input: two floats a candle. Output: x's unit per y's. Warm-up: 1 input. Cost: O(1).
Edges: NaN where either is no number, y is 0, or the quotient is too large for a float.
Forgets: at once. Source: division.
"""

from math import nan

from kernel.indicators.kind import Floats, Ints, Kind, Output
from kernel.indicators.latest import latest_two, open_latest, put_two

__all__ = ["KIND"]


def emit(f: Floats, n: Ints, i: int, j: int) -> float:
    """Their quotient."""
    x, y = f[i], f[i + 1]
    if x - x != 0.0 or y - y != 0.0 or y == 0.0:
        return nan
    value = x / y
    return value if value - value == 0.0 else nan


KIND = Kind(
    name="ratio",
    inputs=("close", "open"),
    parameters={},
    room=latest_two,
    bootstrap_state=open_latest,
    update=put_two,
    outputs={"value": Output(emit, lambda: 1)},
    memory="window",
)

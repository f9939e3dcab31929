"""Difference of two inputs, x - y.

Input: two floats a candle, of one unit. Output: the same unit. Warm-up: 1 input. Cost: O(1).
Edges: NaN where either is no number, or the difference is too large for a float.
Forgets: at once. Source: subtraction.
"""

from math import nan

from kernel.indicators.kind import Floats, Ints, Kind, Output
from kernel.indicators.latest import latest_two, open_latest, put_two

__all__ = ["KIND"]


def emit(f: Floats, n: Ints, i: int, j: int) -> float:
    """What x has over y."""
    value = f[i] - f[i + 1]
    return value if value - value == 0.0 else nan


KIND = Kind(
    name="difference",
    inputs=("close", "open"),
    parameters={},
    room=latest_two,
    bootstrap_state=open_latest,
    update=put_two,
    outputs={"value": Output(emit, lambda: 1)},
    memory="window",
)

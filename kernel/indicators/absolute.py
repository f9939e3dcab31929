"""Absolute value of the input.

Input: one float a candle. Output: the same unit, 0 or more. Warm-up: 1 input. Cost: O(1).
Edges: NaN where the input is no number.
Forgets: at once. Source: |x|.
"""

from math import nan

from kernel.indicators.kind import Floats, Ints, Kind, Output
from kernel.indicators.latest import latest_one, open_latest, put_one

__all__ = ["KIND"]


def emit(f: Floats, n: Ints, i: int, j: int) -> float:
    """The input without its sign."""
    x = abs(f[i])
    return x if x - x == 0.0 else nan


KIND = Kind(
    name="absolute",
    inputs=("close",),
    parameters={},
    room=latest_one,
    bootstrap_state=open_latest,
    update=put_one,
    outputs={"value": Output(emit, lambda: 1)},
    memory="window",
)

"""Typical price: the mean of high, low and close.

Input: high, low, close. Output: a price. Warm-up: 1 input. Cost: O(1).
Edges: NaN where any of the three is no number.
Forgets: at once. Source: TA-Lib's TYPPRICE.
"""

from math import nan

from kernel.indicators.kind import Floats, Ints, Kind, Output
from kernel.indicators.latest import latest_one, open_latest

__all__ = ["KIND"]


def update(f: Floats, n: Ints, i: int, j: int, high: float, low: float, close: float) -> None:
    """Store the sum."""
    f[i] = high + low + close


def emit(f: Floats, n: Ints, i: int, j: int) -> float:
    """A third of the sum."""
    value = f[i] / 3.0
    return value if value - value == 0.0 else nan


KIND = Kind(
    name="typical",
    inputs=("high", "low", "close"),
    parameters={},
    room=latest_one,
    bootstrap_state=open_latest,
    update=update,
    outputs={"value": Output(emit, lambda: 1)},
    memory="window",
)

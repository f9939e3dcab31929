"""Median price: the middle between high and low.

Input: high, low. Output: a price. Warm-up: 1 input. Cost: O(1).
Edges: NaN where either is no number.
Forgets: at once. Source: TA-Lib's MEDPRICE.
"""

from math import nan

from kernel.indicators.kind import Floats, Ints, Kind, Output
from kernel.indicators.latest import latest_two, open_latest, put_two

__all__ = ["KIND"]


def emit(f: Floats, n: Ints, i: int, j: int) -> float:
    """(high + low) / 2."""
    value = (f[i] + f[i + 1]) * 0.5
    return value if value - value == 0.0 else nan


KIND = Kind(
    name="median_price",
    inputs=("high", "low"),
    parameters={},
    room=latest_two,
    bootstrap_state=open_latest,
    update=put_two,
    outputs={"value": Output(emit, lambda: 1)},
    memory="window",
)

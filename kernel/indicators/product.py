"""Product of two inputs, x * y: the turnover of a candle, a value turned or scaled by a number.

Input: two floats a candle. Output: the product of their units. Warm-up: 1 input. Cost: O(1).
Edges: NaN where either is no number, or the product is too large for a float.
Forgets: at once. Source: multiplication.
"""

from math import nan

from kernel.indicators.kind import Floats, Ints, Kind, Output
from kernel.indicators.latest import latest_two, open_latest, put_two

__all__ = ["KIND"]


def emit(f: Floats, n: Ints, i: int, j: int) -> float:
    """Their product."""
    value = f[i] * f[i + 1]
    return value if value - value == 0.0 else nan


KIND = Kind(
    name="product",
    inputs=("close", "volume"),
    parameters={},
    room=latest_two,
    bootstrap_state=open_latest,
    update=put_two,
    outputs={"value": Output(emit, lambda: 1)},
    memory="window",
)

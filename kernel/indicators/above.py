"""Whether the first input is above the second.

Input: two floats a candle, of one unit. Output: 1.0 where x > y, else 0.0. Warm-up: 1 input. Cost: O(1).
Edges: equal inputs give 0; NaN where either is no number.
Forgets: at once. Source: comparison.
"""

from math import nan

from kernel.indicators.kind import Floats, Ints, Kind, Output
from kernel.indicators.latest import latest_two, open_latest, put_two

__all__ = ["KIND"]


def emit(f: Floats, n: Ints, i: int, j: int) -> float:
    """1.0 where x is above y."""
    x, y = f[i], f[i + 1]
    if x - x != 0.0 or y - y != 0.0:
        return nan
    return 1.0 if x > y else 0.0


KIND = Kind(
    name="above",
    inputs=("close", "open"),
    parameters={},
    room=latest_two,
    bootstrap_state=open_latest,
    update=put_two,
    outputs={"value": Output(emit, lambda: 1)},
    memory="window",
)

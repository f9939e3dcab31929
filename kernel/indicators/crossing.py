"""Whether the first input crossed the second on this candle.

Input: two floats a candle, of one unit. Output: 1.0 where x is above y and was not before, -1.0 where it is below and
was not before, else 0.0. Warm-up: 2 inputs. Cost: O(1).
Edges: an x that touches y and turns back crosses as it leaves, in its direction; NaN where any of the four is no
number.
Forgets: after exactly 2 inputs. Source: Pine Script's `ta.crossover` and `ta.crossunder`.
"""

from math import nan

from kernel.indicators.kind import Floats, Ints, Kind, Output
from kernel.indicators.latest import latest_pairs, open_pairs, put_pair

__all__ = ["KIND"]


def emit(f: Floats, n: Ints, i: int, j: int) -> float:
    """1.0 upwards, -1.0 downwards, 0.0 where it stays on its side."""
    if f[i] - f[i] != 0.0 or f[i + 1] - f[i + 1] != 0.0 or f[i + 2] - f[i + 2] != 0.0 or f[i + 3] - f[i + 3] != 0.0:
        return nan
    if f[i + 2] > f[i + 3]:
        return 1.0 if f[i] <= f[i + 1] else 0.0
    if f[i + 2] < f[i + 3]:
        return -1.0 if f[i] >= f[i + 1] else 0.0
    return 0.0


KIND = Kind(
    name="crossing",
    inputs=("close", "open"),
    parameters={},
    room=latest_pairs,
    bootstrap_state=open_pairs,
    update=put_pair,
    outputs={"value": Output(emit, lambda: 2)},
    memory="window",
)

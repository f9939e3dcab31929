"""Inside bar: whether a candle keeps within the range of the one before.

Input: high, low. Output: 1.0 where its high is lower and its low is higher than those of the candle before, else 0.0.
Warm-up: 2 inputs. Cost: O(1).
Edges: a touch of either end is no inside bar, so constant prices give 0; NaN where any of the four is no number.
Forgets: after exactly 2 inputs. Source: T. N. Bulkowski, Encyclopedia of Chart Patterns, inside days.
"""

from math import nan

from kernel.indicators.kind import Floats, Ints, Kind, Output
from kernel.indicators.latest import latest_pairs, open_pairs, put_pair

__all__ = ["KIND"]


def emit(f: Floats, n: Ints, i: int, j: int) -> float:
    """1.0 for an inside bar."""
    total = f[i] + f[i + 1] + f[i + 2] + f[i + 3]
    if total - total != 0.0:
        return nan
    return 1.0 if f[i + 2] < f[i] and f[i + 3] > f[i + 1] else 0.0


KIND = Kind(
    name="inside_bar",
    inputs=("high", "low"),
    parameters={},
    room=latest_pairs,
    bootstrap_state=open_pairs,
    update=put_pair,
    outputs={"value": Output(emit, lambda: 2)},
    memory="window",
)

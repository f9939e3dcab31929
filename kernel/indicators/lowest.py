"""The smallest of the last `period` inputs.

Input: one float a candle. Output: the same unit. Warm-up: `period` inputs. Cost: O(1) amortised (extreme.py).
Edges: NaN while a NaN or infinite input is in the window.
Forgets: after exactly `period` inputs. Source: TA-Lib's MIN.
"""

from kernel.indicators.extreme import extreme_room, largest, open_extreme, push_extreme
from kernel.indicators.kind import Floats, Ints, Kind, Output, Whole

__all__ = ["KIND"]


def update(f: Floats, n: Ints, i: int, j: int, x: float) -> None:
    """Let `x` in, with its sign turned, and the oldest input out."""
    push_extreme(f, n, i, j, -x)


def emit(f: Floats, n: Ints, i: int, j: int) -> float:
    """The smallest input."""
    return -largest(f, n, i, j)


KIND = Kind(
    name="lowest",
    inputs=("low",),
    parameters={"period": Whole()},
    room=extreme_room,
    bootstrap_state=open_extreme,
    update=update,
    outputs={"value": Output(emit, lambda period: period)},
    memory="window",
)

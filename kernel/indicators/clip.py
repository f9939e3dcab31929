"""The input, held between two bounds.

Input: one float a candle. Output: the same unit, `low` to `high`. Warm-up: 1 input. Cost: O(1).
Edges: where `low` is above `high` it is always `low`; NaN where the input is NaN or infinite (no bound replaces it).
Forgets: at once. Source: max(low, min(high, x)).
"""

from math import nan

from kernel.indicators.kind import Floats, Ints, Kind, Output, Real

__all__ = ["KIND"]


def room(low: float, high: float) -> tuple[int, int]:
    """f: the input, the bounds."""
    return 3, 0


def bootstrap_state(f: Floats, n: Ints, i: int, j: int, low: float, high: float) -> None:
    """No input yet."""
    f[i], f[i + 1], f[i + 2] = nan, low, high


def update(f: Floats, n: Ints, i: int, j: int, x: float) -> None:
    """Store the input."""
    f[i] = x


def emit(f: Floats, n: Ints, i: int, j: int) -> float:
    """The input, or the bound that it is beyond."""
    x: float = f[i]
    if x - x != 0.0:
        return nan
    if x > f[i + 2]:
        x = f[i + 2]
    if x < f[i + 1]:
        x = f[i + 1]
    return x


KIND = Kind(
    name="clip",
    inputs=("close",),
    parameters={"low": Real(-1e12, 1e12, -3.0), "high": Real(-1e12, 1e12, 3.0)},
    room=room,
    bootstrap_state=bootstrap_state,
    update=update,
    outputs={"value": Output(emit, lambda low, high: 1)},
    memory="window",
)

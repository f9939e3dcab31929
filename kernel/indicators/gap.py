"""Opening gap: by what share a candle opens away from the last close.

Input: open, close. Output: dimensionless, 0.01 for one percent up. Warm-up: 2 inputs. Cost: O(1).
Edges: 0 where it opens at the last close; NaN where the open or the last close is no number, or that close is not
positive.
Forgets: after exactly 2 inputs. Source: open / last close - 1.
"""

from math import nan

from kernel.indicators.kind import Floats, Ints, Kind, Output

__all__ = ["KIND"]


def room() -> tuple[int, int]:
    """f: last close, open, close."""
    return 3, 0


def bootstrap_state(f: Floats, n: Ints, i: int, j: int) -> None:
    """No input yet."""
    f[i] = f[i + 2] = nan


def update(f: Floats, n: Ints, i: int, j: int, open_: float, close: float) -> None:
    """What was the close is the last close."""
    f[i], f[i + 1], f[i + 2] = f[i + 2], open_, close


def emit(f: Floats, n: Ints, i: int, j: int) -> float:
    """(open - last close) / last close."""
    away: float = f[i + 1] - f[i]
    if away - away != 0.0 or not f[i] > 0.0:
        return nan
    return away / float(f[i])


KIND = Kind(
    name="gap",
    inputs=("open", "close"),
    parameters={},
    room=room,
    bootstrap_state=bootstrap_state,
    update=update,
    outputs={"value": Output(emit, lambda: 2)},
    memory="window",
)

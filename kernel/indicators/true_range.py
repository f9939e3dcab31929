"""True range: the largest of the candle's height and its two ends' distances from the close before.

Input: high, low, close. Output: the unit of the price. Warm-up: 2 inputs. Cost: O(1).
Edges: NaN where the candle, or the one before, has a NaN or infinite value; 0 where the price stood still.
Forgets: after exactly 2 inputs.
Source: J. W. Wilder, New Concepts in Technical Trading Systems, 1978; TA-Lib's TRANGE.
"""

from math import nan

from kernel.indicators.kind import Floats, Ints, Kind, Output

__all__ = ["KIND", "true_span"]


def true_span(high: float, low: float, close: float, before: float) -> float:
    """The true range of a candle after a close of `before`; NaN where one of the four is NaN or infinite."""
    known = (high - low) + (close - before)
    if known - known != 0.0:
        return nan
    span, above, below = high - low, high - before, before - low
    span = above if above > span else span
    return below if below > span else span


def bootstrap_state(f: Floats, n: Ints, i: int, j: int) -> None:
    """f: the last close, its candle's true range."""
    f[i] = f[i + 1] = nan


def update(f: Floats, n: Ints, i: int, j: int, high: float, low: float, close: float) -> None:
    """Measure the candle from the close before."""
    f[i + 1] = true_span(high, low, close, f[i])
    f[i] = close + 0.0 * (high - low)  # NaN after a candle that has one


def emit(f: Floats, n: Ints, i: int, j: int) -> float:
    """The true range of the newest candle."""
    return float(f[i + 1])


KIND = Kind(
    name="true_range",
    inputs=("high", "low", "close"),
    parameters={},
    room=lambda: (2, 0),
    bootstrap_state=bootstrap_state,
    update=update,
    outputs={"value": Output(emit, lambda: 2)},
    memory="window",
)

"""Exponentially weighted variance: every input's weight fades by 1 - alpha a candle, alpha 2 / (period + 1).

Input: one float a candle; for volatility give it returns, not prices. Outputs: `value`, in the squared unit of the
input; `deviation`, its root. Warm-up: `period` inputs. Cost: O(1).
A `period` of 32 is about the decay of 0.94 that RiskMetrics gives daily returns; unlike there, the variance is taken
around the weighted mean, and starts at 0 with the first input.
Edges: an input that is NaN or infinite, or whose square is, leaves it as it was; 0 while the inputs are equal.
Forgets: recursive; a start's weight halves about every 0.35 * period inputs.
Source: pandas `ewm(span=period, adjust=False).var(bias=True)`; J.P. Morgan, RiskMetrics Technical Document, 1996, 5.2.
"""

from math import nan, sqrt

from kernel.indicators.kind import Floats, Ints, Kind, Output, Whole

__all__ = ["KIND"]

_VARIANCE, _ALPHA = 1, 2


def bootstrap_state(f: Floats, n: Ints, i: int, j: int, period: int) -> None:
    """f: mean, variance, alpha. n: inputs still missing."""
    f[i] = nan
    f[i + _ALPHA] = 2.0 / (period + 1)
    n[j] = period


def update(f: Floats, n: Ints, i: int, j: int, x: float) -> None:
    """Move the mean towards `x`, and the variance towards the square of its distance."""
    if x - x != 0.0:
        return
    average, alpha = f[i], f[i + _ALPHA]
    if average != average:  # noqa: PLR0124 - NaN: the first input
        f[i] = x
    else:
        step = alpha * (x - average)
        squares = (1.0 - alpha) * (f[i + _VARIANCE] + step * (x - average))
        if squares - squares != 0.0:
            return
        f[i] = average + step
        f[i + _VARIANCE] = squares
    if n[j] > 0:
        n[j] -= 1


def value(f: Floats, n: Ints, i: int, j: int) -> float:
    """The variance; NaN before the warm-up."""
    return f[i + _VARIANCE] if n[j] == 0 else nan


def deviation(f: Floats, n: Ints, i: int, j: int) -> float:
    """Its root; NaN before the warm-up."""
    return sqrt(f[i + _VARIANCE]) if n[j] == 0 else nan


KIND = Kind(
    name="ewm_variance",
    inputs=("close",),
    parameters={"period": Whole(2)},
    room=lambda period: (3, 1),
    bootstrap_state=bootstrap_state,
    update=update,
    outputs={"value": Output(value, lambda period: period), "deviation": Output(deviation, lambda period: period)},
    memory="recursive",
)

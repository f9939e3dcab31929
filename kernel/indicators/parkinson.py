"""Parkinson volatility: what the candles' heights say about the standard deviation of a candle's log return.

Input: high, low. Output: dimensionless, per candle (not annualised): about 0.01 for one percent. Warm-up: `period`
inputs. Cost: O(1), in whole numbers (window.py).
Edges: 0 while the price stands still; NaN while a candle whose high or low is no positive number is in the window.
Forgets: after exactly `period` inputs.
Source: M. Parkinson, The Extreme Value Method for Estimating the Variance of the Rate of Return, J. Business 53, 1980.
"""

from math import log

from kernel.indicators.kind import Floats, Ints, Kind, Output, Whole
from kernel.indicators.log_ratio import log_ratio
from kernel.indicators.range_volatility import root_of_mean
from kernel.indicators.window import open_window, push, room

__all__ = ["KIND"]

_FOUR_LOG_2 = 4.0 * log(2.0)


def update(f: Floats, n: Ints, i: int, j: int, high: float, low: float) -> None:
    """Let the candle's height in and the oldest out."""
    height = log_ratio(high, low)
    push(f, n, i, j, height * height / _FOUR_LOG_2)


KIND = Kind(
    name="parkinson",
    inputs=("high", "low"),
    parameters={"period": Whole()},
    room=room,
    bootstrap_state=open_window,
    update=update,
    outputs={"value": Output(root_of_mean, lambda period: period)},
    memory="window",
)

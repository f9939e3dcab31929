"""Garman-Klass volatility: from the candles' heights and bodies, in a market that does not drift.

Input: open, high, low, close. Output: dimensionless, per candle (not annualised): about 0.01 for one percent. Warm-up:
`period` inputs. Cost: O(1), in whole numbers (window.py).
Edges: 0 while the price stands still; NaN while a candle with a price that is no positive number is in the window, and
where the mean is below 0, which candles whose open or close lies outside their range can bring about.
Forgets: after exactly `period` inputs.
Source: M. B. Garman and M. J. Klass, On the Estimation of Security Price Volatilities from Historical Data, J. Business
53, 1980: the practical form with two terms.
"""

from math import log

from kernel.indicators.kind import Floats, Ints, Kind, Output, Whole
from kernel.indicators.log_ratio import log_ratio
from kernel.indicators.range_volatility import root_of_mean
from kernel.indicators.window import open_window, push, room

__all__ = ["KIND"]

_BODY = 2.0 * log(2.0) - 1.0


def update(f: Floats, n: Ints, i: int, j: int, open_: float, high: float, low: float, close: float) -> None:
    """Let the candle's term in and the oldest out."""
    height, body = log_ratio(high, low), log_ratio(close, open_)
    push(f, n, i, j, 0.5 * height * height - _BODY * body * body)


KIND = Kind(
    name="garman_klass",
    inputs=("open", "high", "low", "close"),
    parameters={"period": Whole()},
    room=room,
    bootstrap_state=open_window,
    update=update,
    outputs={"value": Output(root_of_mean, lambda period: period)},
    memory="window",
)

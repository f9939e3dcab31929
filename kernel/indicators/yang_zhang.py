"""Yang-Zhang volatility: gaps between candles, bodies and Rogers-Satchell terms, weighted for the least error.

Input: open, high, low, close. Output: dimensionless, per candle (not annualised): about 0.01 for one percent. Warm-up:
`period` + 1 inputs. Cost: O(1), three windows in whole numbers (window.py).
Edges: 0 while the price stands still; NaN while a candle with a price that is no positive number is in the window, and
where the variance is below 0, which candles whose open or close lies outside their range can bring about.
Forgets: after exactly `period` + 1 inputs.
Source: D. Yang and Q. Zhang, Drift-Independent Volatility Estimation Based on High, Low, Open, and Close Prices, J.
Business 73, 2000: with k = 0.34 / (1.34 + (period + 1) / (period - 1)) and sample variances.
"""

from math import nan, sqrt

from kernel.indicators.kind import Floats, Ints, Kind, Output, Whole
from kernel.indicators.log_ratio import log_ratio
from kernel.indicators.rogers_satchell import drift_free
from kernel.indicators.window import mean, open_window, push, spread
from kernel.indicators.window import room as window_room

__all__ = ["KIND"]

_WEIGHT, _WINDOWS = 1, 2


def room(period: int) -> tuple[int, int]:
    """The last close, the weight of bodies, then the windows of gaps, bodies and Rogers-Satchell terms."""
    floats, ints = window_room(period)
    return _WINDOWS + 3 * floats, 3 * ints


def bootstrap_state(f: Floats, n: Ints, i: int, j: int, period: int) -> None:
    """No candle yet."""
    floats, ints = window_room(period)
    f[i] = nan
    f[i + _WEIGHT] = 0.34 / (1.34 + (period + 1) / (period - 1))
    for k in range(3):
        open_window(f, n, i + _WINDOWS + k * floats, j + k * ints, period)


def update(f: Floats, n: Ints, i: int, j: int, open_: float, high: float, low: float, close: float) -> None:
    """Let the candle's three terms in and the oldest out."""
    floats, ints = window_room(n[j])
    at = i + _WINDOWS
    body = log_ratio(close, open_)
    push(f, n, at, j, log_ratio(open_, f[i]))
    push(f, n, at + floats, j + ints, body)
    push(f, n, at + 2 * floats, j + 2 * ints, drift_free(log_ratio(high, open_), log_ratio(low, open_), body))
    f[i] = close + 0.0 * (open_ + high + low)  # NaN after a candle that has one


def emit(f: Floats, n: Ints, i: int, j: int) -> float:
    """The root of the weighted variance."""
    floats, ints = window_room(n[j])
    at, weight = i + _WINDOWS, f[i + _WEIGHT]
    gaps, bodies = spread(f, n, at, j), spread(f, n, at + floats, j + ints)
    reach = mean(f, n, at + 2 * floats, j + 2 * ints)
    variance = (gaps + weight * bodies) / (n[j] - 1) + (1.0 - weight) * reach
    return sqrt(variance) if variance >= 0.0 else nan


KIND = Kind(
    name="yang_zhang",
    inputs=("open", "high", "low", "close"),
    parameters={"period": Whole(2, 99_999)},
    room=room,
    bootstrap_state=bootstrap_state,
    update=update,
    outputs={"value": Output(emit, lambda period: period + 1)},
    memory="window",
)

"""Rogers-Satchell volatility: from all four prices of the candles, and right in a market that drifts, too.

Input: open, high, low, close. Output: dimensionless, per candle (not annualised): about 0.01 for one percent. Warm-up:
`period` inputs. Cost: O(1), in whole numbers (window.py).
Edges: 0 while the price stands still, or goes one way within every candle; NaN while a candle with a price that is no
positive number is in the window, and where the mean is below 0, which candles whose open or close lies outside their
range can bring about.
Forgets: after exactly `period` inputs.
Source: L. C. G. Rogers and S. E. Satchell, Estimating Variance from High, Low and Closing Prices, Ann. Appl. Probab. 1,
1991.
"""

from kernel.indicators.kind import Floats, Ints, Kind, Output, Whole
from kernel.indicators.log_ratio import log_ratio
from kernel.indicators.range_volatility import root_of_mean
from kernel.indicators.window import open_window, push, room

__all__ = ["KIND", "drift_free"]


def drift_free(above: float, below: float, body: float) -> float:
    """A candle's term, from the log returns of its high, low and close on its open."""
    return above * (above - body) + below * (below - body)


def update(f: Floats, n: Ints, i: int, j: int, open_: float, high: float, low: float, close: float) -> None:
    """Let the candle's term in and the oldest out."""
    push(f, n, i, j, drift_free(log_ratio(high, open_), log_ratio(low, open_), log_ratio(close, open_)))


KIND = Kind(
    name="rogers_satchell",
    inputs=("open", "high", "low", "close"),
    parameters={"period": Whole()},
    room=room,
    bootstrap_state=open_window,
    update=update,
    outputs={"value": Output(root_of_mean, lambda period: period)},
    memory="window",
)

"""Rolling volume-weighted average price: the mean of the typical prices of `period` candles, weighted by their volume.

Input: high, low, close, volume. Output: the unit of the price. Warm-up: `period` inputs. Cost: O(1), two windows in
whole numbers (window.py).
Edges: NaN in a window without volume, and while a candle with a NaN or infinite input is in the window.
Forgets: after exactly `period` inputs. Source: the sum of price times volume divided by the sum of volume; over all
candles TA-Lib's VWAP.
"""

from kernel.indicators.kind import Floats, Ints, Kind, Output, Whole
from kernel.indicators.money_flow import typical_price
from kernel.indicators.window_pair import open_pair, pair_room, push_pair, quotient

__all__ = ["KIND"]


def update(f: Floats, n: Ints, i: int, j: int, high: float, low: float, close: float, volume: float) -> None:
    """Let the candle in and the oldest out."""
    push_pair(f, n, i, j, typical_price(high, low, close) * volume, volume)


KIND = Kind(
    name="vwap",
    inputs=("high", "low", "close", "volume"),
    parameters={"period": Whole()},
    room=pair_room,
    bootstrap_state=open_pair,
    update=update,
    outputs={"value": Output(quotient, lambda period: period)},
    memory="window",
)

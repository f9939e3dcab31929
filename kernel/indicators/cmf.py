"""Chaikin money flow: the sum of volumes, each times its close's place in the candle, divided by the sum of volumes.

Input: high, low, close, volume. Output: -1 (all closed at their lows) to 1 (at their highs). Warm-up: `period` inputs.
Cost: O(1), two windows in whole numbers (window.py).
Edges: a candle without height counts as closed in its middle; NaN in a window without volume, and while a candle with a
NaN or infinite input is in the window.
Forgets: after exactly `period` inputs. Source: M. Chaikin; TA-Lib's CMF.
"""

from kernel.indicators.kind import Floats, Ints, Kind, Output, Whole
from kernel.indicators.money_flow import flow_volume
from kernel.indicators.window_pair import open_pair, pair_room, push_pair, quotient

__all__ = ["KIND"]


def update(f: Floats, n: Ints, i: int, j: int, high: float, low: float, close: float, volume: float) -> None:
    """Let the candle in and the oldest out."""
    push_pair(f, n, i, j, flow_volume(high, low, close, volume), volume)


KIND = Kind(
    name="cmf",
    inputs=("high", "low", "close", "volume"),
    parameters={"period": Whole(default=20)},
    room=pair_room,
    bootstrap_state=open_pair,
    update=update,
    outputs={"value": Output(quotient, lambda period: period)},
    memory="window",
)

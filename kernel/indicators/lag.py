"""The input of `period` candles ago.

Input: one float a candle. Output: the same unit. Warm-up: `period` + 1 inputs. Cost: O(1).
Edges: NaN where that input was no number.
Forgets: after exactly `period` + 1 inputs. Source: pandas `shift(period)`.
"""

from kernel.indicators.kind import Kind, Output, Whole
from kernel.indicators.lookback import lookback_room, older, open_lookback
from kernel.indicators.ring import put

__all__ = ["KIND"]

KIND = Kind(
    name="lag",
    inputs=("close",),
    parameters={"period": Whole(high=99_999, default=1)},
    room=lookback_room,
    bootstrap_state=open_lookback,
    update=put,
    outputs={"value": Output(older, lambda period: period + 1)},
    memory="window",
)

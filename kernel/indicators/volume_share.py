"""The newest candle's share of the volume of the last `period` candles, itself among them.

Input: volume. Output: 0 to 1; 1 / `period` where all are alike. Warm-up: `period` inputs. Cost: O(1), in whole numbers
(window.py).
Edges: NaN in a window without volume, and while a NaN or infinite volume is in the window.
Forgets: after exactly `period` inputs. Source: the quotient; pandas `x / x.rolling(period).sum()`.
"""

from math import nan

from kernel.indicators.kind import Floats, Ints, Kind, Output, Whole
from kernel.indicators.window import mean, newest, open_window, push, room

__all__ = ["KIND"]


def emit(f: Floats, n: Ints, i: int, j: int) -> float:
    """The newest volume divided by the sum."""
    total = mean(f, n, i, j) * n[j]
    if total == 0.0:
        return nan
    share = newest(f, n, i, j) / total
    return 1.0 if share > 1.0 else share  # a last bit more, where nothing else was traded


KIND = Kind(
    name="volume_share",
    inputs=("volume",),
    parameters={"period": Whole()},
    room=room,
    bootstrap_state=open_window,
    update=push,
    outputs={"value": Output(emit, lambda period: period)},
    memory="window",
)

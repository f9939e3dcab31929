"""Force index: an exponential average of the change of the close times the volume.

Input: close, volume. Output: quote units. Warm-up: `period` + 1 inputs. Cost: O(1).
Edges: a candle with a NaN or infinite input is passed over: the next change is measured from the close before it.
Forgets: recursive; a start's weight halves about every 0.35 * period inputs.
Source: A. Elder, Trading for a Living, 1993; TA-Lib's EFI, which starts its average at a mean.
"""

from math import nan

from kernel.indicators.kind import Floats, Ints, Kind, Output, Whole
from kernel.indicators.smoothing import ema_room, open_ema, push_ema, read_ema

__all__ = ["KIND"]

_CLOSE = 2


def room(period: int) -> tuple[int, int]:
    """The average, then the last close."""
    floats, ints = ema_room()
    return floats + 1, ints


def bootstrap_state(f: Floats, n: Ints, i: int, j: int, period: int) -> None:
    """No candle yet."""
    open_ema(f, n, i, j, period)
    f[i + _CLOSE] = nan


def update(f: Floats, n: Ints, i: int, j: int, close: float, volume: float) -> None:
    """Move the average towards the candle's force."""
    known = close + volume
    if known - known != 0.0:
        return
    push_ema(f, n, i, j, (close - f[i + _CLOSE]) * volume)
    f[i + _CLOSE] = close


KIND = Kind(
    name="force_index",
    inputs=("close", "volume"),
    parameters={"period": Whole(high=99_999, default=13)},
    room=room,
    bootstrap_state=bootstrap_state,
    update=update,
    outputs={"value": Output(read_ema, lambda period: period + 1)},
    memory="recursive",
)

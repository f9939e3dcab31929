"""Chaikin oscillator: a fast exponential average of the accumulation/distribution line (ad.py) less a slow one.

Input: high, low, close, volume. Output: base units. Warm-up: the longer of `fast` and `slow` inputs. Cost: O(1).
The line itself is not kept: how far it is from each average follows from the candles' flows alone, and so a start fades
here while the line's never does. Both averages start at the line's first value.
Edges: a candle with a NaN or infinite input is passed over; 0 while no volume flows from the start on.
Forgets: recursive; a start's weight halves about every 0.35 * slow inputs. Source: M. Chaikin; TA-Lib's ADOSC.
"""

from math import nan

from kernel.indicators.kind import Floats, Ints, Kind, Output, Whole
from kernel.indicators.money_flow import flow_volume

__all__ = ["KIND"]

_FAST, _SLOW, _FAST_KEEPS, _SLOW_KEEPS = 0, 1, 2, 3
_MISSING, _STARTED = 0, 1


def bootstrap_state(f: Floats, n: Ints, i: int, j: int, fast: int, slow: int) -> None:
    """f: the line less each average; what each of them keeps of that a candle. n: inputs missing, whether one came."""
    f[i + _FAST_KEEPS] = 1.0 - 2.0 / (fast + 1)
    f[i + _SLOW_KEEPS] = 1.0 - 2.0 / (slow + 1)
    n[j + _MISSING] = max(fast, slow)


def update(f: Floats, n: Ints, i: int, j: int, high: float, low: float, close: float, volume: float) -> None:
    """Move the line by the candle's flow, and both averages after it."""
    flow = flow_volume(high, low, close, volume)
    if flow - flow != 0.0:
        return
    if n[j + _STARTED] == 1:
        f[i + _FAST] = (f[i + _FAST] + flow) * f[i + _FAST_KEEPS]
        f[i + _SLOW] = (f[i + _SLOW] + flow) * f[i + _SLOW_KEEPS]
    n[j + _STARTED] = 1
    if n[j + _MISSING] > 0:
        n[j + _MISSING] -= 1


def emit(f: Floats, n: Ints, i: int, j: int) -> float:
    """The fast average less the slow one; NaN before the warm-up."""
    return f[i + _SLOW] - f[i + _FAST] if n[j + _MISSING] == 0 else nan


KIND = Kind(
    name="chaikin",
    inputs=("high", "low", "close", "volume"),
    parameters={"fast": Whole(default=3), "slow": Whole(default=10)},
    room=lambda fast, slow: (4, 2),
    bootstrap_state=bootstrap_state,
    update=update,
    outputs={"value": Output(emit, max)},
    memory="recursive",
)

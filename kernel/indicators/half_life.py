"""Half-life of mean reversion: after how many candles half of a distance from the mean is gone.

The change of the input is regressed on the input before it, over `period` changes. A slope below 0 is the pull b of
an Ornstein-Uhlenbeck process, and the half-life is log(2) / -b.
Input: one float a candle: a price, a spread. Output: candles. Warm-up: `period` + 1 inputs. Cost: O(1), in whole
numbers (joint.py).
Edges: NaN where nothing pulls back (the slope is 0 or above, the inputs are equal), and while a NaN or infinite input
is in the window.
Forgets: after exactly `period` + 1 inputs. Source: E. P. Chan, Algorithmic Trading, 2013, chapter 2.
"""

from math import nan

from kernel.indicators.joint import joint_room, open_joint, push_joint, slope_on_second
from kernel.indicators.kind import Floats, Ints, Kind, Output, Whole

__all__ = ["KIND"]

_LOG_2 = 0.6931471805599453


def room(period: int) -> tuple[int, int]:
    """The input before, then the pairs."""
    floats, whole = joint_room(period)
    return 1 + floats, whole


def bootstrap_state(f: Floats, n: Ints, i: int, j: int, period: int) -> None:
    """The input before the first is unknown: NaN."""
    f[i] = nan
    open_joint(f, n, i + 1, j, period)


def update(f: Floats, n: Ints, i: int, j: int, x: float) -> None:
    """Pair the change with the level that it began at."""
    push_joint(f, n, i + 1, j, x - f[i], f[i])
    f[i] = x


def emit(f: Floats, n: Ints, i: int, j: int) -> float:
    """The half-life."""
    pull = -slope_on_second(f, n, i + 1, j)
    return _LOG_2 / pull if pull > 0.0 else nan


KIND = Kind(
    name="half_life",
    inputs=("close",),
    parameters={"period": Whole(10, 99_999, 120)},
    room=room,
    bootstrap_state=bootstrap_state,
    update=update,
    outputs={"value": Output(emit, lambda period: period + 1)},
    memory="window",
)

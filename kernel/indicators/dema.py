"""Double exponential moving average: twice an EMA, less the EMA of that EMA, which takes away most of its lag.

Input: one float a candle. Output: the same unit. Warm-up: 2 * `period` - 1 inputs. Cost: O(1).
Edges: an input that is NaN or infinite is passed over; equal inputs give exactly that input.
Forgets: recursive; like two EMAs of `period`, one after the other. The second starts when the first has warmed up.
Source: P. G. Mulloy, Smoothing Data with Faster Moving Averages, Stocks & Commodities, 1994; TA-Lib's DEMA.
"""

from kernel.indicators.kind import Floats, Ints, Kind, Output, Whole
from kernel.indicators.smoothing import ema_room, open_ema, push_ema, read_ema

__all__ = ["KIND"]

_F, _N = ema_room()


def bootstrap_state(f: Floats, n: Ints, i: int, j: int, period: int) -> None:
    """Two averages that have seen nothing."""
    open_ema(f, n, i, j, period)
    open_ema(f, n, i + _F, j + _N, period)


def update(f: Floats, n: Ints, i: int, j: int, x: float) -> None:
    """Move the first average, and the second towards it."""
    if x - x != 0.0:
        return
    push_ema(f, n, i, j, x)
    push_ema(f, n, i + _F, j + _N, read_ema(f, n, i, j))


def emit(f: Floats, n: Ints, i: int, j: int) -> float:
    """The first, and by how much it is ahead of the second."""
    first = read_ema(f, n, i, j)
    return first + (first - read_ema(f, n, i + _F, j + _N))


KIND = Kind(
    name="dema",
    inputs=("close",),
    parameters={"period": Whole()},
    room=lambda period: (2 * _F, 2 * _N),
    bootstrap_state=bootstrap_state,
    update=update,
    outputs={"value": Output(emit, lambda period: 2 * period - 1)},
    memory="recursive",
)

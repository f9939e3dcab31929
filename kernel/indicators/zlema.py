"""Zero-lag exponential moving average: an EMA of the input plus what it gained over the lag of that EMA.

The lag is (`period` - 1) // 2 inputs. Input: one float a candle. Output: the same unit.
Warm-up: `period` + lag inputs. Cost: O(1).
Edges: an input that is NaN or infinite is passed over; equal inputs give exactly that input.
Forgets: recursive; a start's weight halves about every 0.35 * period inputs.
Source: after J. Ehlers and R. Way; talipp's ZLEMA, which rounds half a lag to the even number.
"""

from kernel.indicators.kind import Floats, Ints, Kind, Output, Whole
from kernel.indicators.ring import at, full, open_ring, put, ring_room
from kernel.indicators.smoothing import ema_room, open_ema, push_ema, read_ema

__all__ = ["KIND"]

_F, _N = ema_room()


def room(period: int) -> tuple[int, int]:
    """The average, then a ring that reaches back over the lag."""
    floats, whole = ring_room((period - 1) // 2 + 1)
    return _F + floats, _N + whole


def bootstrap_state(f: Floats, n: Ints, i: int, j: int, period: int) -> None:
    """No input yet."""
    open_ema(f, n, i, j, period)
    open_ring(f, n, i + _F, j + _N, (period - 1) // 2 + 1)


def update(f: Floats, n: Ints, i: int, j: int, x: float) -> None:
    """Move the average towards `x` and what it gained."""
    if x - x != 0.0:
        return
    put(f, n, i + _F, j + _N, x)
    if full(n, j + _N):
        push_ema(f, n, i, j, x + (x - at(f, n, i + _F, j + _N, n[j + _N] - 1)))


KIND = Kind(
    name="zlema",
    inputs=("close",),
    parameters={"period": Whole()},
    room=room,
    bootstrap_state=bootstrap_state,
    update=update,
    outputs={"value": Output(read_ema, lambda period: period + (period - 1) // 2)},
    memory="recursive",
)

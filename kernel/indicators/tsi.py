"""True strength index: the twice smoothed change, as a share of its twice smoothed size.

Input: one float a candle. Output: -100 to 100. Warm-up: `slow` + `fast` inputs. Cost: O(1).
Edges: an input that is NaN or infinite is passed over; 0 where nothing ever moved.
Forgets: recursive; like an EMA of `slow` inputs and one of `fast` after it, which starts when the first has warmed up.
Source: W. Blau, Momentum, Direction, and Divergence, 1995; talipp's TSI.
"""

from math import nan

from kernel.indicators.kind import Floats, Ints, Kind, Output, Whole
from kernel.indicators.smoothing import ema_room, open_ema, push_ema, read_ema

__all__ = ["KIND"]

_F, _N = ema_room()


def bootstrap_state(f: Floats, n: Ints, i: int, j: int, slow: int, fast: int) -> None:
    """f, n: the change smoothed once and twice, its size smoothed once and twice; then in f the last input."""
    for k, period in enumerate((slow, fast, slow, fast)):
        open_ema(f, n, i + k * _F, j + k * _N, period)
    f[i + 4 * _F] = nan


def _push_twice(f: Floats, n: Ints, i: int, j: int, x: float) -> None:
    """Smooth `x`, and smooth what comes of it."""
    push_ema(f, n, i, j, x)
    push_ema(f, n, i + _F, j + _N, read_ema(f, n, i, j))


def update(f: Floats, n: Ints, i: int, j: int, x: float) -> None:
    """Smooth the change since the last input, and its size."""
    if x - x != 0.0:
        return
    change = x - f[i + 4 * _F]
    f[i + 4 * _F] = x
    if change - change == 0.0:
        _push_twice(f, n, i, j, change)
        _push_twice(f, n, i + 2 * _F, j + 2 * _N, abs(change))


def emit(f: Floats, n: Ints, i: int, j: int) -> float:
    """Change by size."""
    size = read_ema(f, n, i + 3 * _F, j + 3 * _N)
    if size == 0.0:
        return 0.0
    return 100.0 * (read_ema(f, n, i + _F, j + _N) / size)


KIND = Kind(
    name="tsi",
    inputs=("close",),
    parameters={"slow": Whole(default=25), "fast": Whole(default=13)},
    room=lambda slow, fast: (4 * _F + 1, 4 * _N),
    bootstrap_state=bootstrap_state,
    update=update,
    outputs={"value": Output(emit, lambda slow, fast: slow + fast)},
    memory="recursive",
)

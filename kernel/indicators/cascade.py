"""Three exponential averages of one period, each of the one before: what TEMA and TRIX are made of.

Each starts when the one before has warmed up, so the third reads NaN before 3 * `period` - 2 inputs. An input that is
NaN or infinite is passed over. f, n: the three averages of smoothing.py, one after another.
"""

from kernel.indicators.kind import Floats, Ints
from kernel.indicators.smoothing import ema_room, open_ema, push_ema, read_ema

__all__ = ["cascade_room", "open_cascade", "push_cascade", "read_stage"]

_F, _N = ema_room()


def cascade_room() -> tuple[int, int]:
    """How much it takes of `f` and of `n`."""
    return 3 * _F, 3 * _N


def open_cascade(f: Floats, n: Ints, i: int, j: int, period: int) -> None:
    """Three averages that have seen nothing."""
    for k in range(3):
        open_ema(f, n, i + k * _F, j + k * _N, period)


def push_cascade(f: Floats, n: Ints, i: int, j: int, x: float) -> None:
    """Move the first average, and each of the others towards the one before."""
    push_ema(f, n, i, j, x)
    push_ema(f, n, i + _F, j + _N, read_ema(f, n, i, j))
    push_ema(f, n, i + 2 * _F, j + 2 * _N, read_ema(f, n, i + _F, j + _N))


def read_stage(f: Floats, n: Ints, i: int, j: int, stage: int) -> float:
    """The average of stage 0, 1 or 2; NaN before its warm-up."""
    return read_ema(f, n, i + stage * _F, j + stage * _N)

"""A fast and a slow exponential average, and a third of how they differ: what MACD and PPO are made of.

How they differ is the kind's own: it gives its `line` to `push_signal`, which passes over NaN, so that the signal
starts when both averages have warmed up.

f, n: the fast, the slow and the signal's average of smoothing.py, one after another.
"""

from kernel.indicators.kind import Floats, Ints
from kernel.indicators.smoothing import ema_room, open_ema, push_ema, read_ema

__all__ = [
    "convergence_room", "line_warmup", "open_convergence", "push_pair", "push_signal", "read_pair", "read_signal",
    "signal_warmup",
]  # fmt: skip

_F, _N = ema_room()


def convergence_room(fast: int, slow: int, signal: int) -> tuple[int, int]:
    """How much it takes of `f` and of `n`."""
    return 3 * _F, 3 * _N


def open_convergence(f: Floats, n: Ints, i: int, j: int, fast: int, slow: int, signal: int) -> None:
    """Three averages that have seen nothing."""
    for k, period in enumerate((fast, slow, signal)):
        open_ema(f, n, i + k * _F, j + k * _N, period)


def push_pair(f: Floats, n: Ints, i: int, j: int, x: float) -> None:
    """Move the fast and the slow average towards `x`."""
    push_ema(f, n, i, j, x)
    push_ema(f, n, i + _F, j + _N, x)


def push_signal(f: Floats, n: Ints, i: int, j: int, line: float) -> None:
    """Move the signal towards the line."""
    push_ema(f, n, i + 2 * _F, j + 2 * _N, line)


def read_pair(f: Floats, n: Ints, i: int, j: int) -> tuple[float, float]:
    """The fast and the slow average; each NaN before its warm-up."""
    return read_ema(f, n, i, j), read_ema(f, n, i + _F, j + _N)


def read_signal(f: Floats, n: Ints, i: int, j: int) -> float:
    """The signal; NaN before its warm-up."""
    return read_ema(f, n, i + 2 * _F, j + 2 * _N)


def line_warmup(fast: int, slow: int, signal: int) -> int:
    """Inputs until both averages are there."""
    return max(fast, slow)


def signal_warmup(fast: int, slow: int, signal: int) -> int:
    """Inputs until the signal is there too."""
    return max(fast, slow) + signal - 1

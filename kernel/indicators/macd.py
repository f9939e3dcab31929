"""Moving average convergence/divergence: a fast EMA less a slow one, with an EMA of that difference as signal.

Input: one float a candle. Outputs: `line`, `signal`, and `histogram`, line less signal; all in the input's unit.
Warm-up: the longer of `fast` and `slow` for `line`, `signal` - 1 more for the others. Cost: O(1).
Edges: an input that is NaN or infinite is passed over; all three are 0 while inputs are equal from the start.
Forgets: recursive; like an EMA of `slow` inputs and one of `signal` after it. Every EMA starts at its first input;
TA-Lib starts them at simple means.
Source: G. Appel, The Moving Average Convergence-Divergence Trading Method, 1985; pandas `ewm(adjust=False)`.
"""

from kernel.indicators.convergence import (
    convergence_room,
    line_warmup,
    open_convergence,
    push_pair,
    push_signal,
    read_pair,
    read_signal,
    signal_warmup,
)
from kernel.indicators.kind import Floats, Ints, Kind, Output, Whole

__all__ = ["KIND"]


def line(f: Floats, n: Ints, i: int, j: int) -> float:
    """Fast less slow."""
    fast, slow = read_pair(f, n, i, j)
    return fast - slow


def update(f: Floats, n: Ints, i: int, j: int, x: float) -> None:
    """Move the averages, and the signal towards their difference."""
    if x - x == 0.0:
        push_pair(f, n, i, j, x)
        push_signal(f, n, i, j, line(f, n, i, j))


def histogram(f: Floats, n: Ints, i: int, j: int) -> float:
    """Line less signal."""
    return line(f, n, i, j) - read_signal(f, n, i, j)


KIND = Kind(
    name="macd",
    inputs=("close",),
    parameters={"fast": Whole(default=12), "slow": Whole(default=26), "signal": Whole(default=9)},
    room=convergence_room,
    bootstrap_state=open_convergence,
    update=update,
    outputs={
        "line": Output(line, line_warmup),
        "signal": Output(read_signal, signal_warmup),
        "histogram": Output(histogram, signal_warmup),
    },
    memory="recursive",
)

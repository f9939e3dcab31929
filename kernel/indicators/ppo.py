"""Percentage price oscillator: by how many percent a fast EMA lies above a slow one, with an EMA of that as signal.

Input: one float a candle. Outputs: `line`, `signal`, and `histogram`, line less signal; all in percent.
Warm-up: the longer of `fast` and `slow` for `line`, `signal` - 1 more for the others. Cost: O(1).
Edges: an input that is NaN or infinite is passed over; NaN where the slow EMA is 0, and the signal passes over that.
Forgets: recursive; like an EMA of `slow` inputs and one of `signal` after it. Every EMA starts at its first input.
Source: MACD in percent of its slow EMA; TA-Lib's PPO over EMAs, which it starts at simple means.
"""

from math import nan

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
    """Fast less slow, in percent of slow."""
    fast, slow = read_pair(f, n, i, j)
    if slow == 0.0:
        return nan
    return 100.0 * ((fast - slow) / slow)


def update(f: Floats, n: Ints, i: int, j: int, x: float) -> None:
    """Move the averages, and the signal towards their difference."""
    if x - x == 0.0:
        push_pair(f, n, i, j, x)
        push_signal(f, n, i, j, line(f, n, i, j))


def histogram(f: Floats, n: Ints, i: int, j: int) -> float:
    """Line less signal."""
    return line(f, n, i, j) - read_signal(f, n, i, j)


KIND = Kind(
    name="ppo",
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

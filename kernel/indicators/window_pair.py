"""Two windows of the same length side by side, for quotients of two sums. See window.py.

f, n: the first window, then the second.
"""

from math import nan

from kernel.indicators.kind import Floats, Ints
from kernel.indicators.window import mean, open_window, push, room

__all__ = ["first_mean", "open_pair", "pair_room", "push_pair", "quotient", "second_mean"]


def pair_room(period: int) -> tuple[int, int]:
    """How much a pair takes of `f` and of `n`."""
    floats, ints = room(period)
    return 2 * floats, 2 * ints


def open_pair(f: Floats, n: Ints, i: int, j: int, period: int) -> None:
    """Two empty windows."""
    floats, ints = room(period)
    open_window(f, n, i, j, period)
    open_window(f, n, i + floats, j + ints, period)


def push_pair(f: Floats, n: Ints, i: int, j: int, x: float, y: float) -> None:
    """Let `x` into the first window and `y` into the second."""
    floats, ints = room(n[j])
    push(f, n, i, j, x)
    push(f, n, i + floats, j + ints, y)


def first_mean(f: Floats, n: Ints, i: int, j: int) -> float:
    """The mean of the first window; NaN until it is full of numbers."""
    return mean(f, n, i, j)


def second_mean(f: Floats, n: Ints, i: int, j: int) -> float:
    """The mean of the second window; NaN until it is full of numbers."""
    floats, ints = room(n[j])
    return mean(f, n, i + floats, j + ints)


def quotient(f: Floats, n: Ints, i: int, j: int) -> float:
    """The first window's sum divided by the second's; NaN until both are full, and where the second is 0."""
    below = second_mean(f, n, i, j)
    if below == 0.0:
        return nan
    return mean(f, n, i, j) / below

"""The newest inputs as they came, for kinds that need no history: `update` stores them, `emit` does the arithmetic.

f: the inputs, in order; the first is NaN before there is one. n: nothing.
"""

from math import nan

from kernel.indicators.kind import Floats, Ints

__all__ = ["latest_one", "latest_two", "open_latest", "put_one", "put_two"]


def latest_one() -> tuple[int, int]:
    """How much one input takes of `f` and of `n`."""
    return 1, 0


def latest_two() -> tuple[int, int]:
    """How much two inputs take of `f` and of `n`."""
    return 2, 0


def open_latest(f: Floats, n: Ints, i: int, j: int) -> None:
    """No input yet."""
    f[i] = nan


def put_one(f: Floats, n: Ints, i: int, j: int, x: float) -> None:
    """Store the input."""
    f[i] = x


def put_two(f: Floats, n: Ints, i: int, j: int, x: float, y: float) -> None:
    """Store both inputs."""
    f[i] = x
    f[i + 1] = y

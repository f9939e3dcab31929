"""The newest inputs as they came, for kinds that look no further back than one candle: `emit` does the arithmetic.

f: the inputs, in order; the first is NaN before there is one. Of pairs, those of the candle before come first. n:
nothing.
"""

from math import nan

from kernel.indicators.kind import Floats, Ints

__all__ = [
    "latest_one", "latest_pairs", "latest_two", "open_latest", "open_pairs", "put_one", "put_pair", "put_two",
]  # fmt: skip


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


def latest_pairs() -> tuple[int, int]:
    """How much two inputs, and those of the candle before, take of `f` and of `n`."""
    return 4, 0


def open_pairs(f: Floats, n: Ints, i: int, j: int) -> None:
    """No candle yet."""
    f[i] = f[i + 2] = nan


def put_pair(f: Floats, n: Ints, i: int, j: int, x: float, y: float) -> None:
    """What was new is the candle before."""
    f[i], f[i + 1] = f[i + 2], f[i + 3]
    f[i + 2], f[i + 3] = x, y

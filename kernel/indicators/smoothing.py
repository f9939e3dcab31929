"""Two exponential averages that other kinds are made of.

`ema`: alpha 2 / (period + 1), starts at its first input (pandas `ewm(span=period, adjust=False)`). `wilder`: alpha
1 / period, starts at the mean of its first `period` inputs (J. W. Wilder, New Concepts in Technical Trading Systems,
1978; TA-Lib does so too). Both pass over an input that is NaN or infinite, and read NaN until they saw `period` inputs.

f: average, alpha. n: inputs still missing, and for `wilder` the period.
"""

from math import nan

from kernel.indicators.kind import Floats, Ints

__all__ = [
    "ema_room", "open_ema", "open_wilder", "push_ema", "push_wilder", "read_ema", "read_wilder", "wilder_room",
]  # fmt: skip


def ema_room() -> tuple[int, int]:
    """How much an ema takes of `f` and of `n`."""
    return 2, 1


def open_ema(f: Floats, n: Ints, i: int, j: int, period: int) -> None:
    """No input yet."""
    f[i] = nan
    f[i + 1] = 2.0 / (period + 1)
    n[j] = period


def push_ema(f: Floats, n: Ints, i: int, j: int, x: float) -> None:
    """Move the average towards `x`."""
    if x - x != 0.0:
        return
    average = f[i]
    f[i] = average + f[i + 1] * (x - average) if average == average else x  # noqa: PLR0124 - NaN: the first input
    if n[j] > 0:
        n[j] -= 1


def read_ema(f: Floats, n: Ints, i: int, j: int) -> float:
    """The average; NaN before the warm-up."""
    return f[i] if n[j] == 0 else nan


def wilder_room() -> tuple[int, int]:
    """How much a wilder takes of `f` and of `n`."""
    return 2, 2


def open_wilder(f: Floats, n: Ints, i: int, j: int, period: int) -> None:
    """No input yet."""
    f[i + 1] = 1.0 / period
    n[j] = n[j + 1] = period


def push_wilder(f: Floats, n: Ints, i: int, j: int, x: float) -> None:
    """Keep the mean of the first inputs; from then on move it towards `x`."""
    if x - x != 0.0:
        return
    if n[j] == 0:
        f[i] += (x - f[i]) * f[i + 1]
        return
    n[j] -= 1
    f[i] += (x - f[i]) / (n[j + 1] - n[j])


def read_wilder(f: Floats, n: Ints, i: int, j: int) -> float:
    """The average; NaN before the warm-up."""
    return f[i] if n[j] == 0 else nan

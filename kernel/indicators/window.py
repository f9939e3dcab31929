"""The last `period` inputs and their sums, exactly: what every windowed mean, deviation and slope stands on.

A sum that adds the newest input and subtracts the oldest, in floats, remembers where it began. Here every input is
taken to a grid of 2**-52 (from 512 inputs on coarser, 2**-44 at 100,000) of the power of two above the largest input in
the window, and summed in whole numbers. The grid follows from the window alone, and so do all bits. It changes when the
largest input crosses a power of two: then the window is summed again, which is rare. A grid number is kept as two
halves, so that the sums of products fit 63 bits.

f: reference, scale, then the ring of inputs. n: see the names below. NaN, infinite inputs and those beyond 2**900 count
as 0 in the sums, and `ready` is false while one is in the window.
"""

from math import floor, frexp, ldexp, nan

from kernel.indicators.kind import Floats, Ints

__all__ = [
    "HALF", "HEAD", "RING", "SUM_H", "SUM_L", "grid_number", "mean", "newest", "open_window", "push", "ready", "room",
    "spread", "tilt",
]  # fmt: skip

RING = 2
HEAD = 1  # in n, after the period
_SEEN, _BAD, _TOP = 2, 3, 4
HALF = 5
SUM_H = 6
SUM_L = 7
_SQ_HH, _SQ_HL, _SQ_LL, _RAMP_H, _RAMP_L = 8, 9, 10, 11, 12
_SMALLEST = -900  # exponents below are taken for this one: the scale must stay finite
_LARGEST = 2.0**900  # beyond, an input counts as infinite, for the same reason


def room(period: int) -> tuple[int, int]:
    """How much a window takes of `f` and of `n`."""
    return RING + period, 13


def open_window(f: Floats, n: Ints, i: int, j: int, period: int) -> None:
    """An empty window."""
    length = 0
    while 1 << length <= period:
        length += 1
    half = (61 - length) // 2
    n[j] = period
    n[j + HALF] = half if half < 26 else 26


def push(f: Floats, n: Ints, i: int, j: int, x: float) -> None:
    """Let `x` in and the oldest input out."""
    period, head, reference, scale = n[j], n[j + HEAD], f[i], f[i + 1]
    old = f[i + RING + head]
    f[i + RING + head] = x
    n[j + HEAD] = head + 1 if head + 1 < period else 0
    if n[j + _SEEN] < period:
        n[j + _SEEN] += 1
    gone = came = 0
    if abs(old) < _LARGEST:
        gone = floor(old * scale + 0.5)
        if reference > 0.0 and abs(old) >= 0.5 * reference:
            n[j + _TOP] -= 1
    else:
        n[j + _BAD] -= 1
    size = abs(x)
    if size < _LARGEST:
        if size >= reference and size > 0.0:
            _sum_again(f, n, i, j)
            return
        came = floor(x * scale + 0.5)
        if reference > 0.0 and size >= 0.5 * reference:
            n[j + _TOP] += 1
    else:
        n[j + _BAD] += 1
    if n[j + _TOP] == 0 and reference > 0.0:
        _sum_again(f, n, i, j)
        return
    _exchange(n, j, came, gone)


def _exchange(n: Ints, j: int, came: int, gone: int) -> None:
    half = n[j + HALF]
    mask = (1 << half) - 1
    came_h, came_l, gone_h, gone_l = came >> half, came & mask, gone >> half, gone & mask
    n[j + _RAMP_H] += n[j] * came_h - n[j + SUM_H]
    n[j + _RAMP_L] += n[j] * came_l - n[j + SUM_L]
    n[j + SUM_H] += came_h - gone_h
    n[j + SUM_L] += came_l - gone_l
    n[j + _SQ_HH] += came_h * came_h - gone_h * gone_h
    n[j + _SQ_HL] += came_h * came_l - gone_h * gone_l
    n[j + _SQ_LL] += came_l * came_l - gone_l * gone_l


def _sum_again(f: Floats, n: Ints, i: int, j: int) -> None:
    """Choose the grid by the window as it is, and make every sum anew, oldest input first."""
    period, head = n[j], n[j + HEAD]
    largest = 0.0
    bad = 0
    for k in range(period):
        size = abs(f[i + RING + k])
        if not size < _LARGEST:
            bad += 1
        elif size > largest:
            largest = size
    reference, scale = 0.0, 0.0
    if largest > 0.0:
        exponent = frexp(largest)[1]
        if exponent < _SMALLEST:
            exponent = _SMALLEST
        reference = ldexp(1.0, exponent)
        scale = ldexp(1.0, 2 * n[j + HALF] - exponent)
    f[i], f[i + 1] = reference, scale
    for k in range(SUM_H, _RAMP_L + 1):
        n[j + k] = 0
    n[j + _BAD] = bad
    top = 0
    for k in range(period):
        place = head + k
        x = f[i + RING + (place if place < period else place - period)]
        if abs(x) < _LARGEST and abs(x) >= 0.5 * reference:
            top += 1
        _exchange(n, j, grid_number(x, scale), 0)
    n[j + _TOP] = top


def grid_number(x: float, scale: float) -> int:
    """What an input counts as in the sums of a window with this scale."""
    return floor(x * scale + 0.5) if abs(x) < _LARGEST else 0


def ready(n: Ints, j: int) -> bool:
    """Whether the window is full of numbers."""
    return n[j + _SEEN] >= n[j] and n[j + _BAD] == 0


def newest(f: Floats, n: Ints, i: int, j: int) -> float:
    """The last input."""
    head = n[j + HEAD]
    return f[i + RING + (head if head > 0 else n[j]) - 1]


def mean(f: Floats, n: Ints, i: int, j: int) -> float:
    """The mean, NaN until ready. Measured from the newest input, so that the mean of equal inputs is that input."""
    if not ready(n, j):
        return nan
    if f[i + 1] == 0.0:
        return 0.0
    x = newest(f, n, i, j)
    away = (n[j + SUM_H] << n[j + HALF]) + n[j + SUM_L] - n[j] * floor(x * f[i + 1] + 0.5)
    return (
        x + float(away) / n[j] / f[i + 1]
    )  # of whole numbers, a quotient would be rounded once plain and twice compiled


def spread(f: Floats, n: Ints, i: int, j: int) -> float:
    """The sum of squared distances from the mean, NaN until ready; exactly 0 for equal inputs."""
    if not ready(n, j):
        return nan
    if f[i + 1] == 0.0:
        return 0.0
    period, half = n[j], n[j + HALF]
    mask = (1 << half) - 1
    total = (n[j + SUM_H] << half) + n[j + SUM_L]
    base = total // period
    rest = total - period * base
    # the sum of (q - base) squared is the sum of q squared less base * (total + rest)
    other = total + rest
    base_h, base_l, other_h, other_l = base >> half, base & mask, other >> half, other & mask
    high = n[j + _SQ_HH] - base_h * other_h
    middle = 2 * n[j + _SQ_HL] - base_h * other_l - base_l * other_h
    low = n[j + _SQ_LL] - base_l * other_l
    middle += low >> half
    low &= mask
    high += middle >> half
    middle &= mask
    unit = f[i + 1]
    squares = high * ldexp(1.0, 2 * half) + ((middle << half) + low) - rest * rest / period
    return squares / unit / unit if squares > 0.0 else 0.0


def tilt(f: Floats, n: Ints, i: int, j: int) -> float:
    """The sum of (k - (period + 1) / 2) * x_k over the inputs, oldest k = 1; NaN until ready.

    Weights of a regression on time: tilt * 12 / (period * (period**2 - 1)) is its slope.
    """
    if not ready(n, j):
        return nan
    if f[i + 1] == 0.0:
        return 0.0
    period, half = n[j], n[j + HALF]
    twice_high = 2 * n[j + _RAMP_H] - (period + 1) * n[j + SUM_H]
    twice_low = 2 * n[j + _RAMP_L] - (period + 1) * n[j + SUM_L]
    return (twice_high * ldexp(1.0, half) + twice_low) * 0.5 / f[i + 1]

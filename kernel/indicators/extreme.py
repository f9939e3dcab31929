"""The largest of the last `period` inputs in O(1): a queue whose values fall from its front to its back.

For the smallest, push -x and turn the sign of what is read. A NaN or infinite input makes the window's answer NaN until
it has left.

f: the queue's values. n: period, count of inputs, count at the last input that was no number (or less than any window
reaches), front, length, then for each value the count at which it came.
"""

from math import nan

from kernel.indicators.kind import Floats, Ints

__all__ = ["age_of_largest", "extreme_room", "largest", "open_extreme", "push_extreme"]

_COUNT, _BAD, _FRONT, _LENGTH, _CAME = 1, 2, 3, 4, 5


def extreme_room(period: int) -> tuple[int, int]:
    """How much it takes of `f` and of `n`."""
    return period, _CAME + period


def open_extreme(f: Floats, n: Ints, i: int, j: int, period: int) -> None:
    """An empty window."""
    n[j] = period
    n[j + _BAD] = -period


def push_extreme(f: Floats, n: Ints, i: int, j: int, x: float) -> None:
    """Let `x` in and the oldest input out."""
    period = n[j]
    count = n[j + _COUNT] + 1
    n[j + _COUNT] = count
    front, length = n[j + _FRONT], n[j + _LENGTH]
    if length > 0 and n[j + _CAME + front] <= count - period:
        front = front + 1 if front + 1 < period else 0
        length -= 1
    if x - x == 0.0:
        back = front + length
        while length > 0:
            last = back - 1 if back - 1 < period else back - 1 - period
            if f[i + last] > x:
                break
            length -= 1
            back -= 1
        place = back if back < period else back - period
        f[i + place] = x
        n[j + _CAME + place] = count
        length += 1
    else:
        n[j + _BAD] = count
    n[j + _FRONT], n[j + _LENGTH] = front, length


def largest(f: Floats, n: Ints, i: int, j: int) -> float:
    """The largest input of the window; NaN until it is full of numbers."""
    if n[j + _COUNT] < n[j] or n[j + _COUNT] - n[j + _BAD] < n[j]:
        return nan
    return f[i + n[j + _FRONT]]


def age_of_largest(f: Floats, n: Ints, i: int, j: int) -> float:
    """How many candles ago the largest came, the newest of equals; NaN until the window is full of numbers."""
    if n[j + _COUNT] < n[j] or n[j + _COUNT] - n[j + _BAD] < n[j]:
        return nan
    return float(n[j + _COUNT] - n[j + _CAME + n[j + _FRONT]])

"""The last `period` pairs of inputs and the sum of their products, exactly: what covariances and slopes stand on.

Two windows (window.py), each on its own grid, and the products of the grid numbers, summed in whole numbers as a
window sums its squares. Where a window changes its grid, the products are summed again. So all bits follow from the
pairs in the window alone, and prices that hardly move lose no digits. A pair counts as no number where one of its two
is none.

f: the first window, then the second. n: the same, then the sums of products of halves: high by high, high by low, low
by high, low by low.
"""

from math import ldexp, nan, sqrt

from kernel.indicators.kind import Floats, Ints
from kernel.indicators.window import (
    HALF,
    HEAD,
    RING,
    SUM_H,
    SUM_L,
    grid_number,
    open_window,
    push,
    ready,
    room,
    spread,
)

__all__ = ["joint_room", "joint_spread", "open_joint", "pearson", "push_joint", "slope_on_second"]


def joint_room(period: int) -> tuple[int, int]:
    """How much it takes of `f` and of `n`."""
    floats, whole = room(period)
    return 2 * floats, 2 * whole + 4


def open_joint(f: Floats, n: Ints, i: int, j: int, period: int) -> None:
    """No pair yet."""
    floats, whole = room(period)
    open_window(f, n, i, j, period)
    open_window(f, n, i + floats, j + whole, period)


def push_joint(f: Floats, n: Ints, i: int, j: int, x: float, y: float) -> None:
    """Let the pair in and the oldest pair out."""
    floats, whole = room(n[j])
    i_y, at, half = i + floats, j + 2 * whole, n[j + HALF]
    oldest, scale_x, scale_y = RING + n[j + HEAD], f[i + 1], f[i_y + 1]
    old_x, old_y = f[i + oldest], f[i_y + oldest]
    push(f, n, i, j, x)
    push(f, n, i_y, j + whole, y)
    if f[i + 1] == scale_x and f[i_y + 1] == scale_y:
        _add(n, at, half, grid_number(x, scale_x), grid_number(y, scale_y))
        _add(n, at, half, -grid_number(old_x, scale_x), grid_number(old_y, scale_y))
        return
    for k in range(4):
        n[at + k] = 0
    for k in range(RING, floats):
        _add(n, at, half, grid_number(f[i + k], f[i + 1]), grid_number(f[i_y + k], f[i_y + 1]))


def _add(n: Ints, at: int, half: int, x: int, y: int) -> None:
    mask = (1 << half) - 1
    x_h, x_l, y_h, y_l = x >> half, x & mask, y >> half, y & mask
    n[at] += x_h * y_h
    n[at + 1] += x_h * y_l
    n[at + 2] += x_l * y_h
    n[at + 3] += x_l * y_l


def joint_spread(f: Floats, n: Ints, i: int, j: int) -> float:
    """The sum of products of both distances from their means; NaN until the window is full of numbers."""
    period, half = n[j], n[j + HALF]
    floats, whole = room(period)
    unit_x, unit_y, j_y, at = f[i + 1], f[i + floats + 1], j + whole, j + 2 * whole
    if not (ready(n, j) and ready(n, j_y)):
        return nan
    if unit_x == 0.0 or unit_y == 0.0:
        return 0.0
    mask = (1 << half) - 1
    total_x = (n[j + SUM_H] << half) + n[j + SUM_L]
    total_y = (n[j_y + SUM_H] << half) + n[j_y + SUM_L]
    base_x, base_y = total_x // period, total_y // period
    rest_x, rest_y = total_x - period * base_x, total_y - period * base_y
    # the sum of (x - base_x) * (y - base_y) is the sum of x * y less base_x * total_y less base_y * rest_x
    base_h, base_l, total_h, total_l = base_x >> half, base_x & mask, total_y >> half, total_y & mask
    high = n[at] - base_h * total_h
    middle = n[at + 1] + n[at + 2] - base_h * total_l - base_l * total_h
    low = n[at + 3] - base_l * total_l - base_y * rest_x
    middle += low >> half
    low &= mask
    high += middle >> half
    middle &= mask
    products = high * ldexp(1.0, 2 * half) + ((middle << half) + low) - rest_x * rest_y / period
    return float(products / unit_x / unit_y)


def slope_on_second(f: Floats, n: Ints, i: int, j: int) -> float:
    """The slope of the first input's regression on the second; 0 where the second does not vary."""
    floats, whole = room(n[j])
    together, squares = joint_spread(f, n, i, j), spread(f, n, i + floats, j + whole)
    return together / squares if squares != 0.0 else 0.0 * together


def pearson(f: Floats, n: Ints, i: int, j: int) -> float:
    """The correlation of the two inputs, -1 to 1; 0 where one does not vary."""
    floats, whole = room(n[j])
    together, x, y = joint_spread(f, n, i, j), spread(f, n, i, j), spread(f, n, i + floats, j + whole)
    if x == 0.0 or y == 0.0:
        return 0.0 * together
    share = together / sqrt(x) / sqrt(y)
    if share > 1.0:
        return 1.0
    return share if not share < -1.0 else -1.0

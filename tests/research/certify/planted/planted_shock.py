"""Fault: says that it looks at two candles, and keeps a jump of the price in mind for twenty."""

from math import nan

from kernel.indicators.kind import Kind, Output


def room():
    return 1, 2


def bootstrap_state(f, n, i, j):
    n[j + 1] = 1000


def update(f, n, i, j, x):
    n[j] += 1
    n[j + 1] += 1
    if n[j] > 1 and abs(x - f[i]) > 0.008 * f[i]:
        n[j + 1] = 0
    f[i] = x


def emit(f, n, i, j):
    if n[j] < 2:
        return nan
    return f[i] if n[j + 1] < 20 else 0.0


KIND = Kind(
    "planted_shock", ("close",), {}, room, bootstrap_state, update, {"value": Output(emit, lambda: 2)}, "window"
)

"""Fault: the last input is kept in the module, where every engine of the process finds it."""

from math import nan

from kernel.indicators.kind import Kind, Output

LAST = {}


def room():
    return 1, 1


def bootstrap_state(f, n, i, j):
    LAST.clear()
    f[i] = nan


def update(f, n, i, j, x):
    f[i] = x - LAST.get(i, x)
    LAST[i] = x


def emit(f, n, i, j):
    return f[i]


KIND = Kind(
    "planted_outside", ("close",), {}, room, bootstrap_state, update, {"value": Output(emit, lambda: 1)}, "window"
)

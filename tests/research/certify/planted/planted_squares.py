"""Fault: the two makes of one expression differ. `** 3` is the C library's pow here, and a product when compiled."""

from kernel.indicators.kind import Kind, Output


def room():
    return 1, 1


def bootstrap_state(f, n, i, j):
    f[i] = 0.0


def update(f, n, i, j, x):
    f[i] = x**3


def emit(f, n, i, j):
    return f[i]


KIND = Kind(
    "planted_squares", ("close",), {}, room, bootstrap_state, update, {"value": Output(emit, lambda: 1)}, "window"
)

"""Fault: it writes where it has no room, into the state of its neighbour."""

from kernel.indicators.kind import Kind, Output


def room():
    return 2, 1


def bootstrap_state(f, n, i, j):
    f[i] = 0.0


def update(f, n, i, j, x):
    f[i] = x
    f[i - 1] = x


def emit(f, n, i, j):
    return f[i]


KIND = Kind(
    "planted_trespasser", ("close",), {}, room, bootstrap_state, update, {"value": Output(emit, lambda: 1)}, "window"
)

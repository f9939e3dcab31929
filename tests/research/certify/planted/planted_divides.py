"""Fault: a division by zero, which compiled code survives and Python does not."""

from kernel.indicators.kind import Kind, Output


def room():
    return 1, 1


def bootstrap_state(f, n, i, j):
    f[i] = 0.0


def update(f, n, i, j, high, low):
    f[i] = 1.0 / (high - low)


def emit(f, n, i, j):
    return f[i]


KIND = Kind(
    "planted_divides", ("high", "low"), {}, room, bootstrap_state, update, {"value": Output(emit, lambda: 1)}, "window"
)

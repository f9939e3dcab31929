"""Fault: a fresh state is not fresh, it knows how many there were before."""

from kernel.indicators.kind import Kind, Output

MADE = []


def room():
    return 1, 1


def bootstrap_state(f, n, i, j):
    MADE.append(1)
    f[i] = float(len(MADE))


def update(f, n, i, j, x):
    n[j] += 1


def emit(f, n, i, j):
    return f[i]


KIND = Kind(
    "planted_counts", ("close",), {}, room, bootstrap_state, update, {"value": Output(emit, lambda: 1)}, "window"
)

"""An exponential average with a fault in each output: `early` by a row, `late` by a row; `right` is as it should be."""

from math import nan

from kernel.indicators.kind import Kind, Output

WARMUP = 5


def room():
    return 1, 1


def bootstrap_state(f, n, i, j):
    f[i] = 0.0


def update(f, n, i, j, x):
    n[j] += 1
    f[i] = x if n[j] == 1 else f[i] + 0.2 * (x - f[i])


def right(f, n, i, j):
    return f[i] if n[j] >= WARMUP else nan


def early(f, n, i, j):
    return f[i] if n[j] >= WARMUP - 1 else nan


def late(f, n, i, j):
    return f[i] if n[j] > WARMUP else nan


KIND = Kind(
    name="planted_averages",
    inputs=("close",),
    parameters={},
    room=room,
    bootstrap_state=bootstrap_state,
    update=update,
    outputs={function.__name__: Output(function, lambda: WARMUP) for function in (right, early, late)},
    memory="recursive",
)

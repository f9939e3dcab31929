"""Three outputs of a sum over the last `period` inputs, with a fault each, and one as it should be.

right: the sum of `period` inputs. early: there one row too soon. late: there one row too late. long: of one input more
than it says, from the moment that there is one.
"""

from math import nan

from kernel.indicators.kind import Kind, Output, Whole
from kernel.indicators.ring import at, open_ring, put, ring_room


def room(period):
    return ring_room(period + 1)


def bootstrap_state(f, n, i, j, period):
    open_ring(f, n, i, j, period + 1)


def total(f, n, i, j, count):
    value = 0.0
    for k in range(count):
        value += at(f, n, i, j, count - 1 - k)
    return value


def seen(n, j):
    return n[j + 2]


def right(f, n, i, j):
    period = n[j] - 1
    return total(f, n, i, j, period) if seen(n, j) >= period else nan


def early(f, n, i, j):
    period = n[j] - 1
    count = seen(n, j)
    if count < period - 1:
        return nan
    return total(f, n, i, j, period - 1 if count < period else period)


def late(f, n, i, j):
    period = n[j] - 1
    return total(f, n, i, j, period) if seen(n, j) > period else nan


def long(f, n, i, j):
    period = n[j] - 1
    count = seen(n, j)
    return total(f, n, i, j, count) if count >= period else nan


KIND = Kind(
    name="planted_sums",
    inputs=("close",),
    parameters={"period": Whole()},
    room=room,
    bootstrap_state=bootstrap_state,
    update=put,
    outputs={function.__name__: Output(function, lambda period: period) for function in (right, early, late, long)},
    memory="window",
)

"""Hurst's exponent by his rescaled range: whether changes persist over `period` candles.

The range of the path around the straight line from its first input to its last, by the standard deviation
(population) of its changes, is taken for (period / 2) to the power of the exponent. It leans upwards: a random walk
gives about 0.64 at 100 changes and 0.6 at 1,000, so compare it with itself, not with a half.
Input: one float a candle, a price or its logarithm. Output: mostly 0 to 1; the higher, the straighter. Warm-up:
`period` + 1 inputs. Cost: O(window) to read.
Edges: 0.5 where all changes are 0; NaN where they are all alike otherwise, and while a NaN or infinite input is in
the window. The last bit of a logarithm may differ between machines.
Forgets: after exactly `period` + 1 inputs. Source: H. E. Hurst, Transactions of the ASCE 116, 1951.
"""

from math import log, nan, sqrt

from kernel.indicators.kind import Floats, Ints, Kind, Output, Whole
from kernel.indicators.ring import at, full, open_ring, put, ring_room

__all__ = ["KIND"]


def room(period: int) -> tuple[int, int]:
    """The logarithm of half the period, then a ring."""
    floats, whole = ring_room(period + 1)
    return 1 + floats, whole


def bootstrap_state(f: Floats, n: Ints, i: int, j: int, period: int) -> None:
    """No input yet."""
    f[i] = log(0.5 * period)
    open_ring(f, n, i + 1, j, period + 1)


def update(f: Floats, n: Ints, i: int, j: int, x: float) -> None:
    """Let `x` in and the oldest input out."""
    put(f, n, i + 1, j, x)


def emit(f: Floats, n: Ints, i: int, j: int) -> float:
    """The exponent."""
    if not full(n, j):
        return nan
    period = n[j] - 1
    first = before = at(f, n, i + 1, j, period)
    drift = (at(f, n, i + 1, j, 0) - first) / period
    highest = lowest = squares = 0.0
    for k in range(1, period + 1):
        x = at(f, n, i + 1, j, period - k)
        away = (x - first) - k * drift
        beyond = (x - before) - drift
        highest = away if away > highest else highest
        lowest = away if away < lowest else lowest
        squares += beyond * beyond
        before = x
    if drift == 0.0 and squares == 0.0:
        return 0.5
    deviation = sqrt(squares / period) if squares >= 0.0 else nan
    rescaled = (highest - lowest) / deviation if deviation != 0.0 else nan
    return float(log(rescaled) / f[i]) if rescaled > 0.0 and rescaled - rescaled == 0.0 else nan


KIND = Kind(
    name="hurst",
    inputs=("close",),
    parameters={"period": Whole(4, 99_999, 120)},
    room=room,
    bootstrap_state=bootstrap_state,
    update=update,
    outputs={"value": Output(emit, lambda period: period + 1)},
    memory="window",
    cost="O(window)",
)

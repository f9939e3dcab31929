"""Ultimate oscillator: buying pressure as a share of the true range over three periods, the shortest weighing most.

Pressure is the close less the true low, which is the lower of the low and the close before; the range goes from there
to the true high. Inputs: high, low, close. Output: 0 to 100. Warm-up: the longest of the periods + 1 inputs.
Cost: O(window) to read: one pass over the longest period instead of six running sums; O(1) to update.
Edges: NaN while any of the three is NaN or infinite in the window; a period without range counts as 50
(TA-Lib counts 0).
Forgets: after exactly as many inputs as the warm-up.
Source: L. R. Williams, The Ultimate Oscillator, Stocks & Commodities, 1985; TA-Lib's ULTOSC.
"""

from math import nan

from kernel.indicators.kind import Floats, Ints, Kind, Output, Whole
from kernel.indicators.ring import at, full, open_ring, put, ring_room

__all__ = ["KIND"]

_FAST, _MIDDLE, _RINGS = 0, 1, 3  # n: the periods, then the rings of pressure and of range; f: last close, the rings


def room(fast: int, middle: int, slow: int) -> tuple[int, int]:
    """The last close, and two rings."""
    floats, whole = ring_room(max(fast, middle, slow))
    return 1 + 2 * floats, _RINGS + 2 * whole


def bootstrap_state(f: Floats, n: Ints, i: int, j: int, fast: int, middle: int, slow: int) -> None:
    """No candle yet."""
    longest = max(fast, middle, slow)
    floats, whole = ring_room(longest)
    f[i] = nan
    n[j], n[j + 1], n[j + 2] = fast, middle, slow
    open_ring(f, n, i + 1, j + _RINGS, longest)
    open_ring(f, n, i + 1 + floats, j + _RINGS + whole, longest)


def update(f: Floats, n: Ints, i: int, j: int, high: float, low: float, close: float) -> None:
    """Take the next candle. A candle that lacks a number counts as one that lacks all."""
    before = f[i]
    f[i] = close + (high - high) + (low - low)
    lack = (f[i] - f[i]) + (before - before)  # 0, or NaN
    bottom = before if before < low else low
    top = before if before > high else high
    floats, whole = ring_room(n[j + _RINGS])
    put(f, n, i + 1, j + _RINGS, close - bottom + lack)
    put(f, n, i + 1 + floats, j + _RINGS + whole, top - bottom + lack)


def _share(pressure: float, span: float) -> float:
    if span == 0.0:
        return 0.5
    return pressure / span


def emit(f: Floats, n: Ints, i: int, j: int) -> float:
    """Sums from the newest candle back, read where each period ends."""
    rings = j + _RINGS
    if not full(n, rings):
        return nan
    floats, whole = ring_room(n[rings])
    pressure = span = total = 0.0
    for age in range(n[rings]):
        pressure += at(f, n, i + 1, rings, age)
        span += at(f, n, i + 1 + floats, rings + whole, age)
        if age + 1 == n[j]:
            total += 4.0 * _share(pressure, span)
        if age + 1 == n[j + 1]:
            total += 2.0 * _share(pressure, span)
        if age + 1 == n[j + 2]:
            total += _share(pressure, span)
    return 100.0 * (total / 7.0)


KIND = Kind(
    name="ultimate",
    inputs=("high", "low", "close"),
    parameters={"fast": Whole(default=7), "middle": Whole(default=14), "slow": Whole(default=28)},
    room=room,
    bootstrap_state=bootstrap_state,
    update=update,
    outputs={"value": Output(emit, lambda fast, middle, slow: max(fast, middle, slow) + 1)},
    memory="window",
    cost="O(window)",
)

"""Quantile of the last `period` inputs: the value below which the share `q` of them lies. 0.5: the median.

Between two inputs the value is interpolated linearly: the place is q * (period - 1) among the inputs in order.
Input: one float a candle. Output: the same unit. Warm-up: `period` inputs. Cost: O(window) at worst, O(log window)
while inputs leave about where others enter: the inputs are kept in order.
Edges: NaN while a NaN or infinite input is in the window.
Forgets: after exactly `period` inputs. Source: pandas `rolling(period).quantile(q)`; R's type 7.
"""

from math import floor, nan

from kernel.indicators.kind import Floats, Ints, Kind, Output, Real, Whole

__all__ = ["KIND"]

_RING = 1  # f: the share of the upper neighbour, the ring, the numbers in order
_HEAD, _HELD, _PLACE = 1, 2, 3  # n: period first; how many numbers are held; the place of the lower neighbour


def room(period: int, q: float) -> tuple[int, int]:
    """See the names above."""
    return _RING + 2 * period, 4


def bootstrap_state(f: Floats, n: Ints, i: int, j: int, period: int, q: float) -> None:
    """No number yet: a ring of NaN."""
    place = floor(q * (period - 1))
    f[i] = q * (period - 1) - place
    n[j], n[j + _PLACE] = period, place
    for k in range(period):
        f[i + _RING + k] = nan


def update(f: Floats, n: Ints, i: int, j: int, x: float) -> None:
    """Let `x` in and the oldest input out."""
    period, head, held = n[j], n[j + _HEAD], n[j + _HELD]
    x += 0.0  # -0.0 becomes 0.0: equal numbers have equal bits, whatever their order
    old = f[i + _RING + head]
    f[i + _RING + head] = x
    n[j + _HEAD] = head + 1 if head + 1 < period else 0
    first = i + _RING + period
    place = held
    if old - old == 0.0:
        place = _place_of(f, first, held, old)
    if x - x == 0.0:
        held = held + 1 if place == held else held
        _settle(f, first, held, place, x)
    elif old - old == 0.0:
        held -= 1
        for k in range(place, held):
            f[first + k] = f[first + k + 1]
    n[j + _HELD] = held


def _place_of(f: Floats, first: int, held: int, x: float) -> int:
    """Where `x` stands among the numbers."""
    low, high = 0, held
    while low < high:
        middle = (low + high) // 2
        if f[first + middle] < x:
            low = middle + 1
        else:
            high = middle
    return low


def _settle(f: Floats, first: int, held: int, place: int, x: float) -> None:
    """Fill the gap at `place` by moving numbers until `x` fits."""
    while place > 0 and f[first + place - 1] > x:
        f[first + place] = f[first + place - 1]
        place -= 1
    while place + 1 < held and f[first + place + 1] < x:
        f[first + place] = f[first + place + 1]
        place += 1
    f[first + place] = x


def emit(f: Floats, n: Ints, i: int, j: int) -> float:
    """The value at the place, NaN until the window is full of numbers."""
    if n[j + _HELD] < n[j]:
        return nan
    lower = i + _RING + n[j] + n[j + _PLACE]
    return float(f[lower] + (f[lower + 1] - f[lower]) * f[i]) if f[i] > 0.0 else float(f[lower])


KIND = Kind(
    name="quantile",
    inputs=("close",),
    parameters={"period": Whole(), "q": Real(0.0, 1.0, 0.5)},
    room=room,
    bootstrap_state=bootstrap_state,
    update=update,
    outputs={"value": Output(emit, lambda period, q: period)},
    memory="window",
    cost="O(window)",
)

"""Symmetric CUSUM filter on log returns: opens when they have drifted by more than `threshold` since it last opened.

Input: a positive price and a scale: the threshold is `threshold * scale`, so that with a volatility as scale the filter
opens as often in calm markets as in wild ones. Outputs: `open`, 1.0 on a candle that opens it, else 0.0; `up` and
`down`, the sums of returns since. Warm-up: 2 inputs. Cost: O(1).
Edges: a price that is not a positive number is passed over; with a scale that is no positive number the sums go on, and
the filter stays shut. Returns are summed as whole multiples of 1e-12, since the last bit of a logarithm differs between
machines.
Forgets: recursive; in practice at the first opening after the starts differ.
Source: M. Lopez de Prado, Advances in Financial Machine Learning, 2.5.2.
"""

from math import floor, log, nan

from kernel.indicators.kind import Floats, Ints, Kind, Output, Real

__all__ = ["KIND"]

_UNITS = 1e12
_WIDEST = 1e6  # the filter sees no drift beyond: exp(1e6) is no price


def room(threshold: float) -> tuple[int, int]:
    """f: threshold, last price. n: up, down (in 1e-12), opened, prices seen (at most 2)."""
    return 2, 4


def bootstrap_state(f: Floats, n: Ints, i: int, j: int, threshold: float) -> None:
    """No price yet, nothing drifted."""
    f[i] = threshold


def update(f: Floats, n: Ints, i: int, j: int, x: float, scale: float) -> None:
    """Take the next price."""
    n[j + 2] = 0
    if not (x > 0.0 and x - x == 0.0):
        return
    last = f[i + 1]
    f[i + 1] = x
    if n[j + 3] < 2:
        n[j + 3] += 1
    if last <= 0.0:
        return
    ratio = x / last
    if not (ratio > 0.0 and ratio - ratio == 0.0):
        return
    drift = floor(log(ratio) * _UNITS + 0.5)
    up, down = n[j] + drift, n[j + 1] + drift
    up = up if up > 0 else 0
    down = down if down < 0 else 0
    limit = f[i] * scale
    if 0.0 < limit < _WIDEST and (up > limit * _UNITS or -down > limit * _UNITS):
        n[j + 2] = 1
        up = down = 0
    n[j], n[j + 1] = up, down


def is_open(f: Floats, n: Ints, i: int, j: int) -> float:
    """1.0 when the newest price opened the filter."""
    return float(n[j + 2]) if n[j + 3] == 2 else nan


def up(f: Floats, n: Ints, i: int, j: int) -> float:
    """The sum of returns upwards since it last opened."""
    return n[j] / _UNITS if n[j + 3] == 2 else nan


def down(f: Floats, n: Ints, i: int, j: int) -> float:
    """The sum of returns downwards since it last opened; 0 or less."""
    return n[j + 1] / _UNITS if n[j + 3] == 2 else nan


KIND = Kind(
    name="cusum",
    inputs=("close", "1"),
    parameters={"threshold": Real(0.0, 1e3, 0.0015)},
    room=room,
    bootstrap_state=bootstrap_state,
    update=update,
    outputs={
        "open": Output(is_open, lambda threshold: 2),
        "up": Output(up, lambda threshold: 2),
        "down": Output(down, lambda threshold: 2),
    },
    memory="recursive",
)

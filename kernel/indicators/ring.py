"""The last `size` inputs, for kinds that look back by a fixed number of candles or read their window anew.

f: the ring. n: size, head (the oldest input's place), how many were seen (at most `size`).
"""

from kernel.indicators.kind import Floats, Ints

__all__ = ["at", "full", "open_ring", "put", "ring_room"]


def ring_room(size: int) -> tuple[int, int]:
    """How much a ring takes of `f` and of `n`."""
    return size, 3


def open_ring(f: Floats, n: Ints, i: int, j: int, size: int) -> None:
    """An empty ring."""
    n[j] = size


def put(f: Floats, n: Ints, i: int, j: int, x: float) -> None:
    """Let `x` in and the oldest input out."""
    head = n[j + 1]
    f[i + head] = x
    n[j + 1] = head + 1 if head + 1 < n[j] else 0
    if n[j + 2] < n[j]:
        n[j + 2] += 1


def full(n: Ints, j: int) -> bool:
    """Whether as many inputs were seen as the ring holds."""
    return n[j + 2] >= n[j]


def at(f: Floats, n: Ints, i: int, j: int, age: int) -> float:
    """The input of `age` candles ago, 0 being the newest."""
    place = n[j + 1] - 1 - age
    return f[i + (place if place >= 0 else place + n[j])]

"""Awesome oscillator: a fast mean of the candles' middles less a slow one.

Inputs: high, low. Output: their unit. Warm-up: the longer of `fast` and `slow`.
Cost: O(1), in whole numbers (window.py).
Edges: NaN while either is NaN or infinite in the longer window; exactly 0 where all middles are equal.
Forgets: after exactly as many inputs as the warm-up.
Source: B. Williams, New Trading Dimensions, 1998; the difference of two of TA-Lib's SMA over its MEDPRICE.
"""

from kernel.indicators.kind import Floats, Ints, Kind, Output, Whole
from kernel.indicators.window import mean, open_window, push
from kernel.indicators.window import room as window_room

__all__ = ["KIND"]


def room(fast: int, slow: int) -> tuple[int, int]:
    """Two windows."""
    (floats, whole), (more, _) = window_room(fast), window_room(slow)
    return floats + more, 2 * whole


def bootstrap_state(f: Floats, n: Ints, i: int, j: int, fast: int, slow: int) -> None:
    """Two empty windows."""
    floats, whole = window_room(fast)
    open_window(f, n, i, j, fast)
    open_window(f, n, i + floats, j + whole, slow)


def update(f: Floats, n: Ints, i: int, j: int, high: float, low: float) -> None:
    """Take the middle of the next candle."""
    floats, whole = window_room(n[j])
    middle = 0.5 * (high + low)
    push(f, n, i, j, middle)
    push(f, n, i + floats, j + whole, middle)


def emit(f: Floats, n: Ints, i: int, j: int) -> float:
    """Fast less slow."""
    floats, whole = window_room(n[j])
    return mean(f, n, i, j) - mean(f, n, i + floats, j + whole)


KIND = Kind(
    name="awesome",
    inputs=("high", "low"),
    parameters={"fast": Whole(default=5), "slow": Whole(default=34)},
    room=room,
    bootstrap_state=bootstrap_state,
    update=update,
    outputs={"value": Output(emit, max)},
    memory="window",
)

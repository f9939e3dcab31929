"""Run length: how many times in a row the input moved the same way.

Input: one float a candle. Output: candles: 3 after three rises, -3 after three falls, 0 after an input that is equal to
the one before. Warm-up: 2 inputs. Cost: O(1).
Edges: a NaN or infinite input is passed over.
Forgets: recursive; exactly, at the first turn or standstill. Source: the runs of A. Wald and J. Wolfowitz, 1940.
"""

from math import nan

from kernel.indicators.kind import Floats, Ints, Kind, Output

__all__ = ["KIND"]


def room() -> tuple[int, int]:
    """f: the input before. n: inputs seen (at most 2), the run."""
    return 1, 2


def bootstrap_state(f: Floats, n: Ints, i: int, j: int) -> None:
    """No input yet."""
    f[i] = nan


def update(f: Floats, n: Ints, i: int, j: int, x: float) -> None:
    """Go on with the run, or begin another."""
    if x - x != 0.0:
        return
    before, run = f[i], n[j + 1]
    f[i] = x
    if n[j] < 2:
        n[j] += 1
    if x > before:
        n[j + 1] = run + 1 if run > 0 else 1
    elif x < before:
        n[j + 1] = run - 1 if run < 0 else -1
    else:
        n[j + 1] = 0


def emit(f: Floats, n: Ints, i: int, j: int) -> float:
    """The signed length."""
    return float(n[j + 1]) if n[j] == 2 else nan


KIND = Kind(
    name="run_length",
    inputs=("close",),
    parameters={},
    room=room,
    bootstrap_state=bootstrap_state,
    update=update,
    outputs={"value": Output(emit, lambda: 2)},
    memory="recursive",
)

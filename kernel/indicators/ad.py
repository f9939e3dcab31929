"""Accumulation/distribution line: the sum of volumes, each times its close's place in the candle (-1 low, 1 high).

Input: high, low, close, volume. Output: base units, from the beginning of the run on. Warm-up: 1 input. Cost: O(1).
Edges: a candle with a NaN or infinite input is passed over; one without height adds nothing.
Forgets: never; look at its changes, not at its height. Source: M. Chaikin; TA-Lib's AD.
"""

from math import nan

from kernel.indicators.kind import Floats, Ints, Kind, Output
from kernel.indicators.money_flow import flow_volume

__all__ = ["KIND"]


def bootstrap_state(f: Floats, n: Ints, i: int, j: int) -> None:
    """f: the total, NaN before the first candle."""
    f[i] = nan


def update(f: Floats, n: Ints, i: int, j: int, high: float, low: float, close: float, volume: float) -> None:
    """Add the candle's flow."""
    flow = flow_volume(high, low, close, volume)
    if flow - flow != 0.0:
        return
    f[i] = f[i] + flow if f[i] - f[i] == 0.0 else flow


def emit(f: Floats, n: Ints, i: int, j: int) -> float:
    """The total."""
    return float(f[i])


KIND = Kind(
    name="ad",
    inputs=("high", "low", "close", "volume"),
    parameters={},
    room=lambda: (1, 0),
    bootstrap_state=bootstrap_state,
    update=update,
    outputs={"value": Output(emit, lambda: 1)},
    memory="cumulative",
)

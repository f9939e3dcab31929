"""Price volume trend: the sum of volumes, each times the rate at which the close changed.

Input: close, volume. Output: base units, from the beginning of the run on. Warm-up: 1 input, which gives 0. Cost: O(1).
Edges: a candle with a NaN or infinite input is passed over: the next change is measured from the close before it. After
a close of 0 nothing is added.
Forgets: never; look at its changes, not at its height. Source: TA-Lib's PVT.
"""

from kernel.indicators.kind import Floats, Ints, Kind, Output
from kernel.indicators.running_total import open_total, read_total, total_room

__all__ = ["KIND"]


def update(f: Floats, n: Ints, i: int, j: int, close: float, volume: float) -> None:
    """Add the candle's volume times its rate of change."""
    known = close + volume
    if known - known != 0.0:
        return
    before = f[i + 1]
    f[i + 1] = close
    if before == 0.0:
        return
    flow = (close - before) / before * volume
    if flow - flow == 0.0:  # not for the first candle
        f[i] += flow


KIND = Kind(
    name="pvt",
    inputs=("close", "volume"),
    parameters={},
    room=total_room,
    bootstrap_state=open_total,
    update=update,
    outputs={"value": Output(read_total, lambda: 1)},
    memory="cumulative",
)

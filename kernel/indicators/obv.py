"""On-balance volume: the volume of candles that closed higher less that of candles that closed lower.

Input: close, volume. Output: base units, from the beginning of the run on. Warm-up: 1 input: the first volume counts as
bought. Cost: O(1).
Edges: a candle with a NaN or infinite input is passed over; an equal close adds nothing.
Forgets: never; look at its changes, not at its height. Source: J. Granville, New Key to Stock Market Profits, 1963;
TA-Lib's OBV.
"""

from kernel.indicators.kind import Floats, Ints, Kind, Output
from kernel.indicators.running_total import open_total, read_total, total_room

__all__ = ["KIND"]


def update(f: Floats, n: Ints, i: int, j: int, close: float, volume: float) -> None:
    """Add or take away the candle's volume."""
    known = close + volume
    if known - known != 0.0:
        return
    before = f[i + 1]
    if close < before:
        f[i] -= volume
    elif close != before:
        f[i] += volume
    f[i + 1] = close


KIND = Kind(
    name="obv",
    inputs=("close", "volume"),
    parameters={},
    room=total_room,
    bootstrap_state=open_total,
    update=update,
    outputs={"value": Output(read_total, lambda: 1)},
    memory="cumulative",
)

"""Mass index: whether candles widen and narrow again, whatever the direction.

The range is averaged exponentially, and that average again; their ratio is summed over `period` candles.
Input: high, low. Output: dimensionless, about `period`; above it while ranges widen. Warm-up: `period` + 2 *
`ema_period` - 2 candles. Cost: O(1).
Edges: a candle with a NaN or infinite price is passed over; the ratio of two averages that are 0 counts as 1, so
constant prices give `period`.
Forgets: recursive; a start's weight halves about every 0.7 * `ema_period` candles, and then the sum's window has to
pass.
Source: D. Dorsey, Stocks & Commodities 10:6, 1992 (9 and 25; a bulge above 27); talipp's MassIndex.
"""

from kernel.indicators.kind import Floats, Ints, Kind, Output, Whole
from kernel.indicators.smoothing import ema_room, open_ema, push_ema, read_ema
from kernel.indicators.window import mean, open_window, push
from kernel.indicators.window import room as window_room

__all__ = ["KIND"]

_TWICE, _WINDOW, _N_TWICE, _N_WINDOW = 2, 4, 1, 2  # two averages, then the window of ratios


def room(period: int, ema_period: int) -> tuple[int, int]:
    """See the names above."""
    (ema, ema_whole), (window, window_whole) = ema_room(), window_room(period)
    return 2 * ema + window, 2 * ema_whole + window_whole


def bootstrap_state(f: Floats, n: Ints, i: int, j: int, period: int, ema_period: int) -> None:
    """No candle yet."""
    open_ema(f, n, i, j, ema_period)
    open_ema(f, n, i + _TWICE, j + _N_TWICE, ema_period)
    open_window(f, n, i + _WINDOW, j + _N_WINDOW, period)


def update(f: Floats, n: Ints, i: int, j: int, high: float, low: float) -> None:
    """Take the next candle."""
    width = high - low
    if width - width != 0.0:
        return
    push_ema(f, n, i, j, width)
    once = read_ema(f, n, i, j)
    push_ema(f, n, i + _TWICE, j + _N_TWICE, once)
    twice = read_ema(f, n, i + _TWICE, j + _N_TWICE)
    if twice - twice == 0.0:
        push(f, n, i + _WINDOW, j + _N_WINDOW, once / twice if twice != 0.0 else 1.0)


def emit(f: Floats, n: Ints, i: int, j: int) -> float:
    """The sum of the ratios."""
    return float(mean(f, n, i + _WINDOW, j + _N_WINDOW) * n[j + _N_WINDOW])


KIND = Kind(
    name="mass_index",
    inputs=("high", "low"),
    parameters={"period": Whole(default=25), "ema_period": Whole(default=9)},
    room=room,
    bootstrap_state=bootstrap_state,
    update=update,
    outputs={"value": Output(emit, lambda period, ema_period: period + 2 * ema_period - 2)},
    memory="recursive",
)

"""The straight line through the last `period` inputs, by least squares over time.

Input: one float a candle. Outputs: `slope`, units a candle; `r2`, the share of the variance that the line explains, 0
to 1; `forecast`, the line at the newest input; `residual`, the newest input less that. Warm-up: `period` inputs.
Cost: O(1), in whole numbers (window.py).
Edges: in a window of equal inputs the line is flat, and explains nothing: `r2` is 0. NaN while a NaN or infinite
input is in the window.
Forgets: after exactly `period` inputs. Source: ordinary least squares; TA-Lib's LINEARREG and LINEARREG_SLOPE.
"""

from kernel.indicators.kind import Floats, Ints, Kind, Output, Whole
from kernel.indicators.window import mean, newest, open_window, push, room, spread, tilt

__all__ = ["KIND"]


def slope(f: Floats, n: Ints, i: int, j: int) -> float:
    """By how much the line rises a candle."""
    period = n[j]
    return tilt(f, n, i, j) * 12.0 / float(period * (period * period - 1))


def r2(f: Floats, n: Ints, i: int, j: int) -> float:
    """The coefficient of determination."""
    squares = spread(f, n, i, j)
    if squares == 0.0:
        return 0.0
    share: float = slope(f, n, i, j) * (tilt(f, n, i, j) / squares)
    return share if not share > 1.0 else 1.0


def forecast(f: Floats, n: Ints, i: int, j: int) -> float:
    """The line at the newest input."""
    return float(mean(f, n, i, j) + slope(f, n, i, j) * (0.5 * (n[j] - 1)))


def residual(f: Floats, n: Ints, i: int, j: int) -> float:
    """How far the newest input lies above the line."""
    return newest(f, n, i, j) - forecast(f, n, i, j)


KIND = Kind(
    name="linreg",
    inputs=("close",),
    parameters={"period": Whole(2, default=14)},
    room=room,
    bootstrap_state=open_window,
    update=push,
    outputs={"slope": Output(slope, lambda period: period), "r2": Output(r2, lambda period: period),
             "forecast": Output(forecast, lambda period: period), "residual": Output(residual, lambda period: period)},
    memory="window",
)  # fmt: skip

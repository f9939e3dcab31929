"""Money flow index: how much of the turnover came with a rising typical price.

Input: high, low, close, volume. Output: 0 (all of it while falling) to 100 (while rising). Warm-up: `period` + 1
inputs. Cost: O(1), two windows in whole numbers (window.py).
Edges: turnover at an unchanged typical price counts on neither side; 50 in a window with nothing on either; NaN while a
candle with a NaN or infinite input, or one after it, is in the window.
Forgets: after exactly `period` + 1 inputs. Source: G. Quong and A. Soudack, Stocks & Commodities, 1989; TA-Lib's MFI,
which gives 0 where both sides together are less than 1.
"""

from math import nan

from kernel.indicators.kind import Floats, Ints, Kind, Output, Whole
from kernel.indicators.money_flow import typical_price
from kernel.indicators.window_pair import first_mean, open_pair, pair_room, push_pair, second_mean

__all__ = ["KIND"]

_ROUNDING = 1e-15  # of a typical price: 30.24 + 30.22 + 30.24 is another float than 30.24 + 30.23 + 30.23


def room(period: int) -> tuple[int, int]:
    """The last typical price, then the windows of turnover while rising and while falling."""
    floats, ints = pair_room(period)
    return 1 + floats, ints


def bootstrap_state(f: Floats, n: Ints, i: int, j: int, period: int) -> None:
    """No candle yet."""
    f[i] = nan
    open_pair(f, n, i + 1, j, period)


def update(f: Floats, n: Ints, i: int, j: int, high: float, low: float, close: float, volume: float) -> None:
    """Let the candle's turnover in on its side, and the oldest out."""
    typical = typical_price(high, low, close)
    change = typical - f[i]
    if abs(change) <= _ROUNDING * abs(typical):
        change = 0.0
    f[i] = typical + 0.0 * volume  # NaN after a candle that has one
    turnover = typical * volume
    known = turnover + change
    if known - known != 0.0:
        push_pair(f, n, i + 1, j, nan, nan)
    else:
        push_pair(f, n, i + 1, j, turnover if change > 0.0 else 0.0, turnover if change < 0.0 else 0.0)


def emit(f: Floats, n: Ints, i: int, j: int) -> float:
    """The share of the rising side."""
    rising, falling = first_mean(f, n, i + 1, j), second_mean(f, n, i + 1, j)
    both = rising + falling
    if both == 0.0:
        return 50.0
    return 100.0 * (rising / both)


KIND = Kind(
    name="mfi",
    inputs=("high", "low", "close", "volume"),
    parameters={"period": Whole(high=99_999, default=14)},
    room=room,
    bootstrap_state=bootstrap_state,
    update=update,
    outputs={"value": Output(emit, lambda period: period + 1)},
    memory="window",
)

"""When the kernel must look at a candle itself: its own word to block mode, which skips all others.

A candle wakes it when a day begins, when it touches a price bound, when its time has come, or when what the model wants
there is not what is wanted now.
"""

from typing import Any, NamedTuple

from kernel.state import State

__all__ = ["EVERY", "NEVER", "WAKE", "Bounds", "bounds_of", "next_row"]

WAKE = 255  # in the place of a skip reason: nothing is known about this candle, ask the kernel


class Bounds(NamedTuple):
    """Wakes a candle of the symbol whose low is at or below `low` or whose high is at or above `high` (price units)."""

    low: int
    high: int


_FAR = 2**62
NEVER = Bounds(-_FAR, _FAR)
EVERY = Bounds(_FAR, -_FAR)


def bounds_of(state: State, symbol: str) -> Bounds:
    """The prices of a symbol that matter: those of its live orders.

    All of them are market orders as yet, which are filled on whatever comes next. A buy limit or a sell stop will raise
    `low`, a sell limit or a buy stop will lower `high`.
    """
    if not state.orders:
        return NEVER
    return EVERY if any(order.symbol == symbol for order in state.orders.values()) else NEVER


def next_row(
    row: int,
    codes: Any,
    wishes: Any,
    places: Any,
    lows: Any,
    highs: Any,
    opened: Any,
    directions: Any,
    floors: Any,
    ceilings: Any,
    day_ends: int,
) -> int:
    """The first row from `row` on that wakes the kernel; the number of rows when none does.

    codes[r]: a skip reason, 0 where the model has a wish, or WAKE; wishes[r]: the direction that it wants; places[r]:
    the market; lows, highs, opened: of the candle. By market: the `directions` wanted now, and the bounds' `floors` and
    `ceilings`. Runs plain and compiled.
    """
    for r in range(row, len(codes)):
        place = places[r]
        if opened[r] >= day_ends or lows[r] <= floors[place] or highs[r] >= ceilings[place]:
            return r
        if codes[r] == WAKE or (codes[r] == 0 and wishes[r] != directions[place]):
            return r
    return len(codes)

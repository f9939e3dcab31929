"""When the kernel must look at a message itself: its own word to block mode, which skips all others.

A candle wakes it when a day begins, when it touches a price bound, when its time has come, or when what a model wants
there is not what is wanted now. A venue has bounds of its own, those of the orders that rest there.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from kernel.money import ZERO, from_units, multiply, quotient, subtract
from kernel.portfolio import equity
from kernel.risk.protections import Protection, equity_floor
from kernel.risk.trading import due as halts_due
from kernel.state import State

__all__ = ["EVERY", "NEVER", "NO_TIME", "WAKE", "Bounds", "bounds_of", "due_of", "next_row", "tighter"]

WAKE = 255  # in the place of a skip reason: nothing is known about this candle, ask the kernel


class Bounds(NamedTuple):
    """Wakes a candle of the symbol whose low is at or below `low` or whose high is at or above `high` (price units)."""

    low: int
    high: int


_FAR = 2**62
NO_TIME = 2**63 - 1
NEVER = Bounds(-_FAR, _FAR)
EVERY = Bounds(_FAR, -_FAR)


def tighter(one: Bounds, other: Bounds) -> Bounds:
    """What wakes where either would."""
    return Bounds(max(one.low, other.low), min(one.high, other.high))


def bounds_of(state: State, protections: Sequence[Protection], symbol: str) -> Bounds:
    """The prices of a symbol that matter to the kernel: where a stop moves, and where a protection may breach."""
    if not state.opened:
        return EVERY
    bounds = NEVER
    instrument = state.markets[symbol].instrument
    for book in state.books.values():
        position = book.positions.get(symbol)
        if position is not None and position.quantity != ZERO and any(halt.flatten for halt in state.halts):
            return EVERY
        for number in position.live if position is not None else ():
            stop = state.orders[number].request
            if stop.advance_at is not None:
                level = int(multiply(stop.advance_at, Decimal(10**instrument.price_decimals)))
                bounds = tighter(bounds, Bounds(-_FAR, level) if stop.side == "sell" else Bounds(level + 1, _FAR))
    if protections:
        bounds = tighter(bounds, _equity_bounds(state, protections, symbol))
    return bounds


def _equity_bounds(state: State, protections: Sequence[Protection], symbol: str) -> Bounds:
    """As long as no price leaves its bounds, the equity stays above the floor: each asset may lose an equal share.

    Where it is at the floor already, the next candle of any market breaches it.
    """
    floor = equity_floor(protections, state)
    marks = state.account.marks
    exposed = [asset for asset, balance in state.balances.items() if balance != ZERO and asset in marks]
    bounds = NEVER
    if floor is None:
        return bounds
    slack = subtract(equity(state), floor)
    if slack <= ZERO:
        return EVERY
    for asset in exposed:
        if marks[asset] != symbol:
            continue
        market, balance = state.markets[symbol], state.balances[asset]
        one = from_units(len(exposed), market.instrument.price_decimals)  # of one asset's share, in price units
        units = int(quotient(quotient(slack, one), balance.copy_abs()))
        own = Bounds(market.last - units, _FAR) if balance > ZERO else Bounds(-_FAR, market.last + units)
        bounds = tighter(bounds, own)
    return bounds


def due_of(state: State) -> int:
    """The earliest event time at which something ends by itself: a time barrier, a halt."""
    due = halts_due(state) or NO_TIME
    for book in state.books.values():
        for position in book.positions.values():
            if position.exit_at:
                due = min(due, position.exit_at)
    return due


def next_row(
    row: int,
    codes: Any,
    wishes: Any,
    places: Any,
    lows: Any,
    highs: Any,
    opened: Any,
    times: Any,
    directions: Any,
    floors: Any,
    ceilings: Any,
    day_ends: int,
    due: int,
) -> int:
    """The first row from `row` on that wakes the kernel; the number of rows when none does.

    codes[s, r]: of a strategy a skip reason, 0 where its model has a wish, or WAKE; wishes[s, r]: the direction that it
    wants; places[r]: the market; lows, highs, opened, times: of the message. By strategy and market: the `directions`
    wanted now; by market the bounds' `floors` and `ceilings`. Runs plain and compiled.
    """
    strategies = len(codes)
    for r in range(row, len(places)):
        place = places[r]
        if opened[r] >= day_ends or times[r] >= due or lows[r] <= floors[place] or highs[r] >= ceilings[place]:
            return r
        for s in range(strategies):
            code = codes[s, r]
            if code == WAKE or (code == 0 and wishes[s, r] != directions[s, place]):
                return r
    return len(places)

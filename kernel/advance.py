"""How market messages move the state on, one by one or in a block that was skipped. It decides nothing.

With evolve.py, which folds events and reports, the only file that writes state.
"""

from collections.abc import Sequence
from typing import NamedTuple

from kernel.errors import InvariantBroken
from kernel.messages import CandleClosed, InstantClosed
from kernel.skip import SkipReason
from kernel.state import Book, Market, Position, State
from kernel.timeframe import DAY_NS

__all__ = ["Passed", "admit", "admit_history", "admit_instant", "fold_skip", "leave_open", "pass_over", "start_day"]


def admit(state: State, market: Market, candle: CandleClosed) -> None:
    """Count a candle. This happens on every candle, whatever the gate says."""
    if candle.open_time <= market.open_time:
        raise InvariantBroken(f"{candle.symbol}: the candle that opens at {candle.open_time} came late or twice")
    state.ordinal += 1
    state.ts = candle.ts
    market.open_time = candle.open_time
    market.ts = candle.ts
    market.last = candle.close
    market.seen += 1


def admit_instant(state: State, message: InstantClosed) -> None:
    """Count the end of an instant."""
    state.ordinal += 1
    state.ts = message.ts


def admit_history(state: State, market: Market, candle: CandleClosed) -> None:
    """Count a candle from before the window."""
    admit(state, market, candle)
    market.history += 1


def fold_skip(book: Book, position: Position | None, reason: SkipReason) -> int:
    """Remember that a strategy skipped the newest market message; gives the length of its open fold."""
    if reason is SkipReason.GATE_CLOSED and position is not None:
        position.gated += 1
    fold = book.fold
    fold.append(reason)
    return len(fold)


class Passed(NamedTuple):
    """Candles of a market that a block skipped: how many, of them history; gated by strategy; and the newest one."""

    symbol: str
    candles: int
    history: int
    gated: dict[str, int]
    ts: int
    open_time: int
    close: int


def pass_over(state: State, markets: Sequence[Passed], count: int) -> None:
    """Count messages that a block skipped, as `admit` and `fold_skip` would have; the folds are the kernel's."""
    state.ordinal += count
    for passed in markets:
        market = state.markets[passed.symbol]
        state.ts = max(state.ts, passed.ts)
        market.open_time = passed.open_time
        market.ts = passed.ts
        market.last = passed.close
        market.seen += passed.candles
        market.history += passed.history
        for strategy, gated in passed.gated.items():
            state.books[strategy].positions[passed.symbol].gated += gated


def start_day(state: State, ts: int) -> None:
    """Note when the UTC day of a candle that opens at `ts` ends."""
    state.day_ends = ts - ts % DAY_NS + DAY_NS


def leave_open(book: Book, *, unfinished: bool) -> None:
    """Note whether a strategy has more to do as soon as its exits are over."""
    book.unfinished = unfinished

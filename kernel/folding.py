"""Folds of skips become records: consecutive market messages on which a strategy decided nothing."""

from collections.abc import Sequence
from hashlib import sha256
from typing import Protocol

from kernel.advance import Passed, pass_over
from kernel.events import CandlesSkipped, Event
from kernel.evolve import evolve
from kernel.skip import SkipReason
from kernel.state import State

__all__ = ["FOLD_MAX", "Times", "close_fold", "close_folds", "pass_block"]

FOLD_MAX = 1024  # longest fold of skips: bounds what a crash, or a reader, has to re-derive

_NOTHING: Sequence[Event] = ()
_LABELS = {int(reason): reason.label for reason in SkipReason}


class Times(Protocol):
    """Event times by row: a list, or a column."""

    def __getitem__(self, row: int, /) -> int:
        """The time of a row."""


def close_fold(state: State, strategy: str, ts: int, last: int) -> Sequence[Event]:
    """The record of a strategy's open fold, which ends with the market message `last`; nothing where it is empty."""
    fold = state.books[strategy].fold
    if not fold:
        return _NOTHING
    labels = sorted([(_LABELS[code], code) for code in set(fold)])
    event = CandlesSkipped(
        ts=ts,
        strategy=strategy,
        first=last - len(fold) + 1,
        last=last,
        counts={label: fold.count(code) for label, code in labels},
        reasons_hash=sha256(fold).hexdigest(),
    )
    evolve(state, event)
    return (event,)


def close_folds(state: State, ts: int, last: int) -> list[Event]:
    """The same for every strategy, in their order."""
    return [event for strategy in state.books for event in close_fold(state, strategy, ts, last)]


def pass_block(
    state: State, reasons: Sequence[bytes], times: Times, markets: Sequence[Passed], count: int
) -> Sequence[Event]:
    """Take `count` market messages that were looked at elsewhere: what turning each of them would have done.

    `reasons` says for each strategy, in one byte a message, why it ended; empty for warm-up candles. Folds that become
    full on the way are closed there.
    """
    first = state.ordinal
    pass_over(state, markets, count)
    closed: list[tuple[int, int, Event]] = []
    for place, (name, of_one) in enumerate(zip(state.books, reasons, strict=False)):
        fold, done = state.books[name].fold, 0
        while len(fold) + len(of_one) - done >= FOLD_MAX:
            end = done + FOLD_MAX - len(fold)
            fold += of_one[done:end]
            closed += [(end, place, event) for event in close_fold(state, name, int(times[end - 1]), first + end)]
            done = end
        fold += of_one[done:]
    return [event for _, _, event in sorted(closed, key=lambda entry: entry[:2])]

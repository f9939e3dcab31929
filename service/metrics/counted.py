"""What an event adds to the counters, and which series are there from the beginning.

A series that begins at 0 shows its first step as an increase; one that begins at 1 shows none.
"""

from collections.abc import Iterator
from typing import Any

from kernel import events, messages
from kernel.codec import EVENT_TYPES, MESSAGE_TYPES
from kernel.orders import TERMINAL
from service.metrics.families import STEPS
from service.metrics.tallies import Labels

__all__ = ["by_event", "of_a_strategy", "of_any_stream"]

_DIRECTIONS = {1: "long", 0: "flat", -1: "short"}


def by_event(event: Any) -> Iterator[tuple[str, Labels, int]]:
    """The counters that an event moves: family, labels, and by how many."""
    match event:
        case events.CandlesSkipped():
            for reason, times in event.counts.items():
                yield "candled_skipped_candles", (event.strategy, STEPS[reason], reason), times
        case events.DecisionMade():
            yield "candled_decisions", (event.strategy, _DIRECTIONS[event.direction]), 1
        case events.OrderRequested():
            yield "candled_requested_orders", (event.strategy, event.kind, event.purpose), 1
        case events.CancelRequested():
            yield "candled_requested_cancels", (event.strategy, event.reason), 1
        case events.RiskRefused():
            yield "candled_risk_refusals", (event.strategy, event.reason), 1
        case events.ReportRefused():
            yield "candled_refused_reports", (event.reason,), 1
        case events.CommandRefused():
            yield "candled_refused_commands", (event.command,), 1


def of_any_stream() -> Iterator[tuple[str, Labels]]:
    """The series of every stream."""
    for name in (*MESSAGE_TYPES, *EVENT_TYPES):
        yield "candled_records", (name,)
    for kind in messages.Command.__args__:
        yield "candled_commands", (kind.__name__,)
        yield "candled_refused_commands", (kind.__name__,)
    for reason in ("duplicate", "late", "unusable"):
        yield "candled_dropped_candles", (reason,)
    for name in ("candled_warmup_candles", "candled_revised_candles", "candled_daemon_starts"):
        yield name, ()


def of_a_strategy(strategy: str) -> Iterator[tuple[str, Labels]]:
    """The series of a strategy whose labels are known beforehand."""
    yield "candled_unknown_orders", (strategy,)
    for direction in _DIRECTIONS.values():
        yield "candled_decisions", (strategy, direction)
    for reason, step in STEPS.items():
        yield "candled_skipped_candles", (strategy, step, reason)
    for liquidity in ("maker", "taker"):
        yield "candled_fills", (strategy, liquidity)
    for state in sorted(TERMINAL):
        yield "candled_ended_orders", (strategy, str(state))

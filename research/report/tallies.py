"""What was not traded, and why: skips, refusals and ends of orders, counted by reason."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec

from kernel import events, messages

__all__ = ["COUNTED_BY_REASON", "Reason", "Tallies"]


class Reason(msgspec.Struct, frozen=True):
    """How often something happened for one reason, to one strategy ("" where a record does not name it)."""

    what: str
    strategy: str
    reason: str
    count: int


class Tallies:
    """Counts over the records of one log; `records` has them by type."""

    def __init__(self) -> None:
        self.records: Counter[str] = Counter()
        self._skips: Counter[tuple[str, str, str]] = Counter()
        self._refusals: Counter[tuple[str, str, str]] = Counter()

    def skipped(self, event: events.CandlesSkipped) -> None:
        """Candles on which a strategy decided nothing."""
        for reason, count in event.counts.items():
            self._skips["skipped", event.strategy, reason] += count

    def refused(self, record: Any) -> None:
        """A refusal, an order that ended unfilled, a change of what may be sent."""
        what, name = _REASONS[record.__class__]
        if record.__class__ is events.TradingStateChanged:
            what = f"trading {record.state}"
        self._refusals[what, getattr(record, "strategy", ""), getattr(record, name)] += 1

    @property
    def skips(self) -> Sequence[Reason]:
        """Why candles were skipped, the commonest reason first."""
        return _ordered(self._skips)

    @property
    def refusals(self) -> Sequence[Reason]:
        """What risk, the venue, or the kernel refused, and how orders ended without a fill."""
        return _ordered(self._refusals)


def _ordered(counted: Counter[tuple[str, str, str]]) -> Sequence[Reason]:
    return [Reason(*key, count) for key, count in sorted(counted.items(), key=lambda item: (-item[1], item[0]))]


_REASONS: dict[type, tuple[str, str]] = {
    events.RiskRefused: ("risk refused", "reason"),
    events.ReportRefused: ("report refused", "reason"),
    events.CommandRefused: ("command refused", "reason"),
    events.TradingStateChanged: ("trading", "cause"),
    messages.OrderRejected: ("order rejected", "code"),
    messages.OrderCanceled: ("order canceled", "reason"),
    messages.OrderExpired: ("order expired", "reason"),
    messages.OrderUnknown: ("order unknown", "reason"),
}
COUNTED_BY_REASON = [kind.__name__ for kind in _REASONS]

"""What was counted and added up so far, by metric and labels."""

from decimal import Decimal
from typing import Final

import msgspec

from kernel.messages import Report
from kernel.money import ZERO, add
from service.metrics.families import COUNTERS

__all__ = ["OTHER", "SERIES_MAX", "WORD_MAX", "Labels", "Tallies"]

Labels = tuple[str, ...]
OTHER: Final = "other"
SERIES_MAX: Final = 256  # of a family whose words are not ours: a venue has some dozens of rejection codes
WORD_MAX: Final = 64


class Tallies(msgspec.Struct):
    """`seq` is the last entry taken. `stale` are the markets whose candles stay away.

    `report` is a venue's report that the next entry may still refuse.
    """

    seq: int = 0
    counts: dict[str, dict[Labels, int]] = msgspec.field(default_factory=lambda: {name: {} for name in COUNTERS})
    amounts: dict[str, dict[Labels, Decimal]] = {}
    stale: list[str] = []
    report: Report | None = None

    def count(self, family: str, *labels: str, times: int = 1) -> None:
        """Count something; `times` 0 makes its series known."""
        series = self.counts[family]
        if labels not in series and COUNTERS[family].words:
            *fixed, word = labels
            labels = (*fixed, OTHER if len(series) >= SERIES_MAX else word[:WORD_MAX])
        series[labels] = series.get(labels, 0) + times

    def add(self, family: str, amount: Decimal, *labels: str) -> None:
        """Add an amount of money."""
        series = self.amounts.setdefault(family, {})
        series[labels] = add(series.get(labels, ZERO), amount)

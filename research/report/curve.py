"""The account's worth over time: every mark of the log, and what the UTC days and months made of it."""

from array import array
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

import msgspec

from kernel.events import EquityMarked
from kernel.money import subtract
from kernel.timeframe import DAY_NS

__all__ = ["Day", "EquityCurve", "Month", "months_of"]

_EPOCH = date(1970, 1, 1)


class Day(msgspec.Struct, frozen=True):
    """A UTC day's last equity, what the day made, and that as a share of what was there before (None: not > 0)."""

    day: str
    equity: Decimal
    profit: Decimal
    return_rate: float | None


class Month(msgspec.Struct, frozen=True):
    """What a calendar month made, as `Day`."""

    month: str
    equity: Decimal
    profit: Decimal
    return_rate: float | None


class EquityCurve:
    """Takes the marks of one log in order. `started` is when the run began to decide, with `starting` in the account.

    Columns: `ts`, `equity` and `exposure` (positions at last prices, as a share of equity) of every mark.
    """

    def __init__(self, started: int, starting: Decimal) -> None:
        self.starting = starting
        self.final = starting
        self.started = started
        self.ended = started
        self.ts = array("q", [started])
        self.equity = array("d", [float(starting)])
        self.exposure = array("d", [0.0])
        self._by_day: dict[int, Decimal] = {}

    def mark(self, event: EquityMarked, gross: float) -> None:
        """Add a mark; `gross` is the worth of all positions then. Cause `open` is the beginning."""
        if event.cause == "open":
            self.starting = self.final = event.equity
            self.equity[0] = float(event.equity)
            self.ended = max(self.ended, event.ts)
        else:
            self.value(event.ts, event.equity, gross, before_day=event.cause == "day")

    def value(self, ts: int, equity: Decimal, gross: float, *, before_day: bool = False) -> None:
        """Add what the account was worth at `ts`, the close of a candle; of one that opens a day, before that day."""
        worth = float(equity)
        self.final = equity
        self.ended = max(self.ended, ts)
        self.ts.append(ts)
        self.equity.append(worth)
        self.exposure.append(gross / worth if worth > 0 else 0.0)
        self._by_day[(ts - 1) // DAY_NS - before_day] = equity

    def days(self) -> Sequence[Day]:
        """Every day from the first to the last; one without a mark ends as the day before it did."""
        days: list[Day] = []
        before = self.starting
        for number in range(self.started // DAY_NS, max(self._by_day, default=-1) + 1):
            equity = self._by_day.get(number, before)
            days.append(Day((_EPOCH + timedelta(days=number)).isoformat(), equity, *_made(before, equity)))
            before = equity
        return days


def months_of(days: Sequence[Day], starting: Decimal) -> Sequence[Month]:
    """What each month made."""
    last = {day.day[:7]: day.equity for day in days}
    months: list[Month] = []
    before = starting
    for month, equity in last.items():
        months.append(Month(month, equity, *_made(before, equity)))
        before = equity
    return months


def _made(before: Decimal, after: Decimal) -> tuple[Decimal, float | None]:
    profit = subtract(after, before)
    return profit, float(profit) / float(before) if before > 0 else None

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
        equity = float(event.equity)
        self.final = event.equity
        self.ended = max(self.ended, event.ts)
        if event.cause == "open":
            self.starting, self.equity[0] = event.equity, equity
            return
        self.ts.append(event.ts)
        self.equity.append(equity)
        self.exposure.append(gross / equity if equity > 0 else 0.0)
        self._by_day[_day_of(event)] = event.equity

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


def _day_of(event: EquityMarked) -> int:
    """The day that a mark is the newest of. Times are closes of candles; a `day` mark comes with the next day."""
    of_candle = (event.ts - 1) // DAY_NS
    return of_candle - 1 if event.cause == "day" else of_candle

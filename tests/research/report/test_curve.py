"""Days and months of the equity, from marks whose time is a candle's close."""

from decimal import Decimal

from kernel.events import EquityMarked
from kernel.timeframe import DAY_NS, parse_time
from research.report.curve import EquityCurve, months_of
from tests.research.report.made import HOUR, MINUTE

START = parse_time("2022-01-30T06:00Z")
MIDNIGHT = parse_time("2022-01-31")


def marked(ts, cause, equity):
    return EquityMarked(ts, cause, "USDT", Decimal(equity), Decimal(equity))


def curve(*marks, starting=100):
    made = EquityCurve(START, Decimal(starting))
    for ts, cause, equity in marks:
        made.mark(marked(ts, cause, equity), 0.0)
    return made


def test_a_day_ends_with_its_last_mark():
    """The first candle of a day closes the day before; what closes at midnight belongs to the day that ends."""
    made = curve(
        (START + HOUR, "fill", 105),
        (MIDNIGHT, "fill", 110),
        (MIDNIGHT + MINUTE, "day", 111),
        (MIDNIGHT + MINUTE, "fill", 99),
        (MIDNIGHT + DAY_NS, "end", 95),
    )
    assert [(day.day, day.equity, day.profit) for day in made.days()] == [
        ("2022-01-30", 111, 11), ("2022-01-31", 95, -16),
    ]  # fmt: skip
    assert [day.return_rate for day in made.days()] == [0.11, -16 / 111]
    assert (made.starting, made.final) == (100, 95)


def test_a_day_without_candles_ends_as_the_one_before():
    made = curve((MIDNIGHT + MINUTE, "day", 110), (MIDNIGHT + 4 * DAY_NS, "end", 121))
    assert [day.equity for day in made.days()] == [110, 110, 110, 110, 121]
    assert [day.profit for day in made.days()] == [10, 0, 0, 0, 11]


def test_an_account_with_coins_begins_at_its_first_worth():
    made = curve((START + MINUTE, "open", 250), (START + HOUR, "end", 260))
    assert made.starting == 250
    assert [day.profit for day in made.days()] == [10]
    assert list(made.equity) == [250, 260]


def test_months_add_up_to_the_days():
    made = curve(*((MIDNIGHT + day * DAY_NS + MINUTE, "day", 100 + day * 3) for day in range(40)))
    days = made.days()
    months = months_of(days, made.starting)
    assert [month.month for month in months] == ["2022-01", "2022-02", "2022-03"]
    assert sum(month.profit for month in months) == sum(day.profit for day in days)
    assert [month.equity for month in months] == [103, 187, 217]


def test_no_return_from_an_account_that_has_nothing():
    made = curve((MIDNIGHT + MINUTE, "day", -5), (MIDNIGHT + DAY_NS + MINUTE, "day", 5))
    assert [day.return_rate for day in made.days()] == [-1.05, None]


def test_a_run_without_a_mark_has_no_days():
    assert curve().days() == []

"""A candle that the bounds do not ask for changes nothing, and for what can change they do ask."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.campaign import sample
from tests.venues.matching.given import market, match_of, rules_of, working
from venues.matching.begin import passed_by
from venues.matching.bounds import EVERY, NOTHING, wake_of, widened
from venues.matching.choose import matched

prices = st.integers(90, 110)
bars = st.lists(prices, min_size=4, max_size=4).map(lambda p: (p[0], max(p), min(p), p[1]))


@st.composite
def resting(draw, number, tick):
    """An order that waits for a price, on any tick."""
    kind = draw(st.sampled_from(["limit", "stop_market", "stop_limit", "take_profit", "trailing_stop"]))
    terms = {name: tick * draw(st.integers(int(90 / tick), int(110 / tick))) for name in ("price", "trigger")}
    terms["trail"] = tick * draw(st.integers(1, 20))
    return working(number, draw(st.sampled_from(["buy", "sell"])), kind, **terms)


@st.composite
def rested(draw):
    """Some orders that rest since the price was somewhere; a finer tick makes prices finer than the candles' own."""
    tick = draw(st.sampled_from([Decimal(1), Decimal("0.5"), Decimal("0.2")]))
    rules = rules_of(market(str(tick)), limit_touch_probability=draw(st.sampled_from([Decimal(0), Decimal(1)])))
    orders = [draw(resting(number, tick)) for number in range(1, draw(st.integers(2, 4)))]
    scale = rules.factor
    match = match_of(*orders, bar=[p * scale for p in draw(bars)], price=draw(prices) * scale, rules=rules)
    for order in orders:
        if order.stage == "new_limit":
            order.stage = "limit"
    return match


def state(match):
    return [(o.request.order, o.stage, o.level, o.best, o.filled) for o in match.book.orders.values()]


@settings(max_examples=sample(200))
@given(rested())
def test_a_candle_within_the_bounds_changes_nothing(match):
    wake, still, scale = wake_of(match.rules, [match.book]), state(match), match.rules.factor
    low, high = match.bar.low // scale, match.bar.high // scale
    match = matched(match)
    if low > wake.low and high < wake.high:
        assert (match.reports, state(match)) == ([], still)


@given(rested())
def test_the_bounds_of_a_book_are_the_tightest_of_its_orders(match):
    alone = [widened(NOTHING, match.rules, order) for order in match.book.orders.values()]
    wake = wake_of(match.rules, [match.book])
    assert wake.low == max(one.low for one in alone)
    assert wake.high == min(one.high for one in alone)
    assert wake.ts == min(one.ts for one in alone)


@pytest.mark.parametrize("kind", ["limit", "stop_market", "take_profit", "trailing_stop"])
@pytest.mark.parametrize("tick", ["1", "0.5", "0.2"])
@pytest.mark.parametrize("touch", [0, 1])
@pytest.mark.parametrize("side", ["buy", "sell"])
def test_the_bounds_of_one_order_ask_for_exactly_the_candles_that_move_it(kind, tick, touch, side):
    """Every candle that opens and closes at 100 and goes a few steps up, or down; levels on every tick around."""
    rules = rules_of(market(tick), limit_touch_probability=Decimal(touch))
    scale, step = rules.factor, Decimal(tick)
    for n in range(1, int(4 / step) + 1):
        for level in (100 + n * step, 100 - n * step):
            for reach in range(-6, 7):
                order = working(1, side, kind, price=level, trigger=level, trail=n * step)
                bar = [p * scale for p in (100, max(100, 100 + reach), min(100, 100 + reach), 100)]
                match = match_of(order, bar=bar, rules=rules)
                order.stage = "limit" if order.stage == "new_limit" else order.stage
                if passed_by(order, bar[0]) < 0:
                    wake, still = wake_of(rules, [match.book]), state(match)
                    match = matched(match)
                    asked = bar[2] // scale <= wake.low or bar[1] // scale >= wake.high
                    assert asked == (state(match) != still), (level, reach)


def test_time_asks_for_the_first_candle_after_it():
    rules = rules_of()
    order = working(1, kind="limit", price=90, time_in_force="gtd", expires_at=100)
    order.stage = "waiting"
    assert widened(NOTHING, rules, order) == NOTHING._replace(ts=101)
    order.stage = "traveling"
    assert widened(NOTHING, rules, order).ts == 1
    order.cancel_at = 50
    order.arrival = 70
    assert widened(NOTHING, rules, order).ts == 51


def test_what_is_worked_at_the_next_price_asks_for_every_candle():
    rules = rules_of()
    match = match_of(working(1))
    wake = wake_of(rules, [match.book])
    assert (wake.low, wake.high) == (EVERY.low, EVERY.high)

"""Along the path: what a price reaches, in which order, and that both paths of a candle are tried where it matters."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.messages import OrderFilled
from tests.venues.matching.given import match_of, rules_of, working
from venues.matching.begin import passed_by
from venues.matching.choose import matched
from venues.matching.path import legs
from venues.matching.walk import jump, walk

prices = st.integers(90, 110)
bars = st.lists(prices, min_size=4, max_size=4).map(lambda p: (p[0], max(p), min(p), p[1]))
sides = st.sampled_from(["buy", "sell"])
paths = st.sampled_from(["open_high_low_close", "open_low_high_close"])


def gone(match, path):
    jump(match, match.bar.open)
    walk(match, match.bar.open, legs(match.bar, path))
    return [report for report in match.reports if isinstance(report, OrderFilled)]


@given(bars, prices, sides, prices, paths)
def test_a_resting_limit_is_filled_by_a_price_beyond_it_at_its_own_or_the_opens(bar, level, side, before, path):
    order = working(1, side, "limit", price=level)
    match = match_of(order, bar=bar, price=before)
    order.stage = "limit"
    fills = gone(match, path)
    opens, best = passed_by(order, bar[0]), passed_by(order, bar[1 if side == "sell" else 2])
    assert len(fills) == (best > 0)
    for fill in fills:
        assert fill.price == (bar[0] if opens > 0 else level)
        assert (fill.liquidity, fill.slippage) == ("maker", 0)


@given(bars, prices, sides, st.sampled_from(["stop_market", "take_profit"]), paths)
def test_a_stop_is_triggered_by_touching_it_and_fills_there_or_at_the_open(bar, level, side, kind, path):
    order = working(1, side, kind, trigger=level)
    match = match_of(order, bar=bar)
    rises = (side == "buy") == (kind == "stop_market")
    fills = gone(match, path)
    reached = bar[1] >= level if rises else bar[2] <= level
    has_gapped = bar[0] >= level if rises else bar[0] <= level
    assert len(fills) == reached
    for fill in fills:
        assert (fill.price, fill.liquidity) == (bar[0] if has_gapped else level, "taker")


@given(st.lists(bars, min_size=1, max_size=6), sides, st.integers(1, 8), paths)
def test_a_trailing_stop_follows_the_best_price_and_never_goes_back(market, side, trail, path):
    """Held to a slow walk from point to point, in prices that are better upwards."""
    order = working(1, side, "trailing_stop", trail=trail)
    match = match_of(order, price=market[0][0])
    way = 1 if side == "sell" else -1
    best = way * market[0][0]
    for bar in market:
        match.bar = match.bar._replace(open=bar[0], high=bar[1], low=bar[2], close=bar[3])
        fills, expected = gone(match, path), None
        for place, point in enumerate((bar[0], *legs(match.bar, path))):
            if way * point <= best - trail and expected is None:
                expected = point if place == 0 else way * (best - trail)
            best = max(best, way * point)
        assert [fill.price for fill in fills] == ([] if expected is None else [expected])
        if fills:
            return
        assert (order.best, order.level) == (way * best, way * (best - trail))


@given(bars, st.lists(prices, min_size=2, max_size=6), paths)
def test_stops_on_one_side_are_triggered_in_the_order_of_the_path(bar, levels, path):
    orders = [working(n, "sell", "stop_market", trigger=level) for n, level in enumerate(levels, start=1)]
    fills = gone(match_of(*orders, bar=bar), path)
    expected = sorted(
        (n for n, level in enumerate(levels, start=1) if bar[2] <= level),
        key=lambda n: (-min(levels[n - 1], bar[0]), n),
    )
    assert [fill.order for fill in fills] == expected


# Children.


@pytest.mark.parametrize(
    ("bar", "path", "fills"),
    [
        ((100, 104, 96, 100), "open_low_high_close", [(1, 100), (2, 96)]),
        ((100, 104, 97, 100), "open_low_high_close", [(1, 100)]),
        ((96, 104, 96, 100), "open_high_low_close", [(1, 96), (2, 96)]),  # at its level: it comes back
        ((96, 104, 96, 100), "open_low_high_close", [(1, 96)]),  # at its level: it goes away
        ((95, 104, 95, 100), "open_low_high_close", [(1, 95), (2, 95)]),  # beyond it: at once
    ],
)
def test_a_child_acts_from_its_parents_fill_on(bar, path, fills):
    child = working(2, "sell", "stop_market", trigger=96, parent=1)
    match = match_of(working(1), child, bar=bar)
    assert [(fill.order, fill.price) for fill in gone(match, path)] == fills


def test_a_child_is_as_large_as_its_parents_fills():
    child = working(2, "sell", "stop_market", quantity=5, trigger=96, parent=1)
    match = match_of(working(1, quantity=5), child, bar=(100, 100, 90, 90), budget=Decimal(3))
    jump(match, 100)
    match.budget = Decimal(10)
    walk(match, 100, (90,))
    assert [(fill.order, fill.quantity) for fill in match.reports] == [(1, 3), (2, 3)]
    assert match.book.orders[2].left == 2, "its parent goes on"


# Both paths.


@given(
    bars,
    st.lists(st.tuples(sides, st.sampled_from(["limit", "stop_market", "take_profit"]), prices), max_size=4),
    st.sampled_from(["worst", "best"]),
)
def test_the_chosen_path_is_the_worst_or_best_of_both(bar, drawn, path):
    def orders():
        made = []
        for number, (side, kind, level) in enumerate(drawn, start=1):
            name = "price" if kind == "limit" else "trigger"
            made.append(working(number, side, kind, **{name: level}))
        return made

    rules = rules_of(path=path)
    chosen = matched(match_of(*orders(), bar=bar, rules=rules))
    both = [match_of(*orders(), bar=bar, rules=rules) for _ in range(2)]
    for match, way in zip(both, ["open_high_low_close", "open_low_high_close"], strict=True):
        gone(match, way)

    def worth(match):
        return match.holdings.worth(rules.instrument, Decimal(bar[3]), "")

    assert worth(chosen) == (min if path == "worst" else max)(map(worth, both))
    trades = [sorted((f.order, f.price, f.quantity) for f in match.reports) for match in (chosen, *both)]
    assert trades[0] in trades[1:]
    assert any(fill.ambiguous for fill in chosen.reports) <= (trades[1] != trades[2])


@given(bars, sides, st.sampled_from(["limit", "stop_market", "take_profit"]), prices)
def test_one_plain_order_is_never_ambiguous(bar, side, kind, level):
    order = working(1, side, kind, **{"price" if kind == "limit" else "trigger": level})
    rules = rules_of(limit_touch_probability=Decimal("0.5"))
    assert not any(fill.ambiguous for fill in matched(match_of(order, bar=bar, rules=rules)).reports)

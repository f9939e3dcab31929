"""The prices at which a position is entered and guarded: beside fractions, for both sides, on coarse and fine ticks."""

from decimal import Decimal
from fractions import Fraction
from math import ceil, floor, inf, nan

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from kernel.brackets import Entry, Exits, Intent, bracket, entry_order
from kernel.events import DecisionMade, OrderRequested, RiskRefused
from kernel.features.declaration import feature
from kernel.money import from_units
from kernel.timeframe import DAY_NS
from tests.kernel.given import (
    FLAT_AT,
    LONG_AT,
    MINUTE,
    OBEY,
    SHORT_AT,
    account,
    candles,
    instrument,
    of_type,
    opened,
    strategy,
    turned,
)

ticks = st.sampled_from([Decimal(text) for text in ("0.01", "0.05", "0.5", "1", "25")])
shares = st.builds(from_units, st.integers(0, 1500), st.just(4))
closes = st.builds(from_units, st.integers(100_00, 90_000_00), st.just(2))
sides = st.sampled_from(["buy", "sell"])
WAYS = {"buy": 1, "sell": -1}


def intent(side="buy", close="500", *, unit=0.0, ts=5 * MINUTE):
    return Intent(ts, "tested", 7, 3, side, Decimal(2), Decimal(close), unit)


def market(tick="0.01"):
    return instrument("BTC/USDT", tick=Decimal(tick))


def beyond(tick, price, distance, way) -> Fraction:
    """The first tick that is at least `distance` from `price`, upwards for 1 and downwards for -1."""
    steps = (Fraction(price) + way * distance) / Fraction(tick)
    return Fraction(tick) * (ceil(steps) if way > 0 else floor(steps))


# Entries.


@given(sides, closes, shares, shares, ticks)
def test_an_entry_stands_at_its_offset_from_the_close(side, close, offset, limit_offset, tick):
    wish, way, distance = intent(side, close), WAYS[side], Fraction(close) * Fraction(offset)
    limit = entry_order(Entry("limit", offset), market(tick), wish)
    stop = entry_order(Entry("stop_market", offset), market(tick), wish)
    both = entry_order(Entry("stop_limit", offset, limit_offset), market(tick), wish)
    assert (limit.price, limit.trigger) == (beyond(tick, close, distance, -way), None), "better than the close"
    assert (stop.price, stop.trigger) == (None, beyond(tick, close, distance, way)), "beyond the close"
    further = Fraction(close) * Fraction(limit_offset)
    assert (both.trigger, both.price) == (stop.trigger, beyond(tick, stop.trigger, further, way))
    for order in (limit, stop, both):
        assert (order.order, order.candle, order.side, order.quantity) == (3, 7, side, 2)
        assert (order.purpose, order.reduce_only, order.parent, order.group) == ("entry", False, 0, 0)


@pytest.mark.parametrize(
    ("entry", "expires_at"),
    [
        (Entry(time_in_force="ioc"), 0),
        (Entry("limit", time_in_force="gtc", post_only=True), 0),
        (Entry("limit", time_in_force="gtd", minutes=30), DAY_NS + 65 * MINUTE),
        (Entry("limit", time_in_force="day"), 2 * DAY_NS),
    ],
)
def test_how_long_an_entry_is_good(entry, expires_at):
    order = entry_order(entry, market(), intent(ts=DAY_NS + 35 * MINUTE))
    assert (order.time_in_force, order.expires_at, order.post_only) == (
        entry.time_in_force, expires_at, entry.post_only,
    )  # fmt: skip


def test_a_day_that_has_just_begun_is_good_until_it_ends():
    assert entry_order(Entry("limit", time_in_force="day"), market(), intent(ts=DAY_NS)).expires_at == 2 * DAY_NS


def test_no_entry_at_a_price_below_zero():
    with pytest.raises(ValueError, match="no price"):
        entry_order(Entry("limit", Decimal(1)), market(), intent())


# Guards.


def guarded(exits, wish, *, entry=None, tick="0.01"):
    entry = entry_order(entry or Entry(), market(tick), wish)
    return bracket(exits, market(tick), wish, entry)


@given(sides, closes, shares, shares, shares, ticks)
def test_guards_stand_on_either_side_of_the_reference(side, close, loss, profit, even, tick):
    """They sell what a buy has bought, or the other way; every price is a tick, and never nearer than was asked."""
    way, reference = WAYS[side], Fraction(close)
    assume(beyond(tick, close, reference * max(Fraction(profit), Fraction(loss)), -1) > 0)
    exits = Exits(stop_loss=loss, take_profit=profit, break_even=even)
    stop, target = guarded(exits, intent(side, close), tick=tick)
    assert (stop.kind, stop.purpose, stop.price) == ("stop_market", "stop", None)
    assert stop.trigger == beyond(tick, close, reference * Fraction(loss), -way)
    assert (target.kind, target.purpose, target.trigger) == ("limit", "target", None)
    assert target.price == beyond(tick, close, reference * Fraction(profit), way)
    assert stop.advance_at == beyond(tick, close, reference * Fraction(even), way)
    assert stop.advance_to == beyond(tick, close, 0, way), "the reference itself, where it is a tick"
    assert (target.advance_at, target.advance_to) == (None, None)
    assert [order.order for order in (stop, target)] == [4, 5]
    for order in (stop, target):
        assert (order.side, order.quantity, order.reduce_only) == ("sell" if side == "buy" else "buy", 2, True)
        assert (order.parent, order.group) == (3, 4)


@given(sides, closes, st.floats(1e-9, 50.0), shares, ticks)
def test_distances_count_in_the_value_of_a_feature(side, close, unit, count, tick):
    way, rounded = WAYS[side], Fraction(round(Fraction(repr(unit)) * 10**9), 10**9)
    distance = Fraction(count) * rounded
    exits = Exits(stop_loss=count, take_profit=count, break_even=count, trailing_stop=count, unit="atr")
    assume(beyond(tick, close, distance, -1) > 0)
    stop, target, trailing = guarded(exits, intent(side, close, unit=unit), tick=tick)
    assert stop.trigger == beyond(tick, close, distance, -way)
    assert target.price == stop.advance_at == beyond(tick, close, distance, way)
    assert (trailing.trail, trailing.trail_rate) == (beyond(tick, 0, distance, 1), None)
    assert {order.group for order in (stop, target, trailing)} == {4}


@given(sides, closes, shares, shares, ticks)
def test_the_price_of_a_resting_entry_is_the_reference(side, close, offset, loss, tick):
    for kind in ("limit", "stop_market", "stop_limit"):
        entry = entry_order(Entry(kind, offset, offset), market(tick), intent(side, close))
        reference = entry.price or entry.trigger
        assume(beyond(tick, reference, Fraction(reference) * Fraction(loss), -1) > 0)
        (stop,) = bracket(Exits(stop_loss=loss), market(tick), intent(side, close), entry)
        assert stop.trigger == beyond(tick, reference, Fraction(reference) * Fraction(loss), -WAYS[side])


@pytest.mark.parametrize(("limit", "price"), [("0", "450"), ("0.02", "440")])
def test_the_limit_of_a_stop_stands_beyond_its_trigger(limit, price):
    (stop,) = guarded(Exits(stop_loss=Decimal("0.1"), stop_limit=Decimal(limit)), intent())
    assert (stop.kind, stop.trigger, stop.price) == ("stop_limit", 450, Decimal(price))


def test_a_target_can_be_a_trigger():
    (target,) = guarded(Exits(take_profit=Decimal("0.1"), target="take_profit"), intent("sell"))
    assert (target.kind, target.trigger, target.price, target.side) == ("take_profit", 450, None, "buy")


@pytest.mark.parametrize(
    ("exits", "trail", "rate"),
    [
        (Exits(trailing_stop=Decimal("0.025")), None, Decimal("0.025")),
        (Exits(trailing_amount=Decimal("7.301")), Decimal("7.5"), None),
        (Exits(trailing_amount=Decimal("7.5"), trailing_stop=Decimal(1)), Decimal("7.5"), None),
    ],
)
def test_a_trailing_stop_has_a_distance_or_a_share(exits, trail, rate):
    (guard,) = guarded(exits, intent(), tick="0.5")
    assert (guard.kind, guard.purpose, guard.trail, guard.trail_rate) == ("trailing_stop", "trailing", trail, rate)
    assert guard.group == 0, "alone it shares nothing"


def test_without_exits_there_are_no_guards():
    assert guarded(Exits(minutes=5, reenter="new_signal"), intent()) == []


# Refusals.


@pytest.mark.parametrize("unit", [0.0, -1.0, nan, inf, 1e16])
def test_a_unit_that_is_no_distance_is_refused(unit):
    with pytest.raises(ValueError, match="atr is .*, which is no distance"):
        guarded(Exits(stop_loss=Decimal(1), unit="atr"), intent(unit=unit))


@pytest.mark.parametrize(
    ("side", "exits"),
    [("buy", Exits(stop_loss=Decimal(1))), ("sell", Exits(take_profit=Decimal("1.5")))],
)
def test_a_guard_whose_price_is_not_above_zero_is_refused(side, exits):
    with pytest.raises(ValueError, match="no price"):
        guarded(exits, intent(side))


def test_a_position_that_cannot_be_guarded_is_not_opened():
    """The unit is not there yet when the first wish comes: the entry is refused, and asked again."""
    flat_until_moved = strategy(
        OBEY, [feature("move", "roc", period=1)], exits=Exits(stop_loss=Decimal(1), unit="move")
    )
    kernel = opened(flat_until_moved)
    events = turned(kernel, candles([500_00, FLAT_AT, LONG_AT - 100, LONG_AT]))
    refused, *orders = of_type(RiskRefused, events) + of_type(OrderRequested, events)
    assert (refused.reason, refused.target) == ("no_exit_price", 1)
    assert [(order.kind, order.purpose) for order in orders] == [("market", "entry"), ("stop_market", "stop")]


def test_a_bracket_leaves_together_with_its_entry_and_is_as_large():
    kernel = opened(
        strategy(OBEY, quantity="1.0019", exits=Exits(stop_loss=Decimal("0.1"), take_profit=Decimal("0.1"))),
        account_of=account(kind="margin"),
    )
    decision, entry, stop, target = turned(kernel, candles([SHORT_AT]))
    assert isinstance(decision, DecisionMade)
    assert {order.quantity for order in (entry, stop, target)} == {Decimal("1.001")}
    assert [order.order for order in (entry, stop, target)] == [1, 2, 3]
    assert [(order.parent, order.group) for order in (entry, stop, target)] == [(0, 0), (1, 2), (1, 2)]
    assert stop.trigger > entry_price(kernel) > target.price


def entry_price(kernel):
    return from_units(kernel.state.markets["BTC/USDT"].last, 2)

"""What ends positions without a decision: time barriers and moving stops; and what may be entered after a stop."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from kernel.brackets import Exits
from kernel.events import CancelRequested, DecisionMade, OrderRequested
from kernel.kernel import Kernel
from kernel.messages import OrderAccepted, OrderCanceled, OrderRejected
from kernel.orders import OrderState
from tests.kernel.given import (
    FLAT_AT,
    LONG_AT,
    MINUTE,
    NEITHER_AT,
    OBEY,
    SHORT_AT,
    account,
    candles,
    entered,
    filled,
    instrument,
    next_candles,
    of_type,
    opened,
    position,
    strategy,
    turned,
)


def on_margin(exits, *, wish=SHORT_AT):
    return entered(exits, wish=wish, price="500.03", account_of=account(kind="margin"))


def purposes(events):
    return [(type(e).__name__, getattr(e, "purpose", None) or getattr(e, "reason", "")) for e in events]


# Time barriers.


def test_a_position_is_closed_when_its_time_is_over():
    kernel = entered(Exits(minutes=3))
    assert position(kernel).exit_at == 4 * MINUTE, "the clock starts at the fill"
    assert next_candles(kernel, LONG_AT, LONG_AT) == []
    skipped, leaving = next_candles(kernel, LONG_AT)
    assert (skipped.first, skipped.last) == (2, 3)
    assert (leaving.purpose, leaving.side, leaving.quantity, leaving.reduce_only) == ("time", "sell", 1, True)
    assert (leaving.candle, leaving.ts) == (4, 4 * MINUTE)
    assert next_candles(kernel, LONG_AT, LONG_AT) == [], "it is on its way"
    kernel.turn(filled(kernel, leaving))
    assert (position(kernel).quantity, position(kernel).exit_at, position(kernel).direction) == (0, 0, 0)


def test_guards_end_with_the_time():
    kernel = entered(Exits(minutes=1, stop_loss=Decimal("0.1"), take_profit=Decimal("0.1")))
    events = next_candles(kernel, LONG_AT)
    assert purposes(events) == [
        ("CancelRequested", "time"), ("CancelRequested", "time"), ("OrderRequested", "time"),
    ]  # fmt: skip
    assert [e.order for e in events] == [2, 3, 4]


@pytest.mark.parametrize("end", [OrderRejected(0, 2, 2, "busy"), OrderCanceled(0, 2, 2, "no liquidity")])
def test_an_exit_that_came_to_nothing_is_sent_again(end):
    kernel = entered(Exits(minutes=1))
    next_candles(kernel, LONG_AT)
    kernel.turn(end)
    (again,) = of_type(OrderRequested, next_candles(kernel, LONG_AT))
    assert (again.order, again.purpose) == (3, "time")


def test_what_is_too_small_to_be_sold_is_refused_once():
    small = instrument("BTC/USDT", min_notional=Decimal(100))
    kernel = opened(strategy(OBEY, exits=Exits(minutes=1)), small)
    _, entry = turned(kernel, candles([LONG_AT]))
    kernel.turn(replace(filled(kernel, entry), quantity=Decimal("0.1")))
    kernel.turn(OrderCanceled(0, 1, 1, "no liquidity"))
    (refused,) = next_candles(kernel, NEITHER_AT)
    assert (refused.reason, refused.target) == ("below_min_notional", 0)
    assert next_candles(kernel, NEITHER_AT, NEITHER_AT) == []


def test_a_flip_starts_the_clock_anew():
    kernel = entered(Exits(minutes=10), account_of=account(kind="margin"))
    _, leaving, entering = next_candles(kernel, SHORT_AT)
    kernel.turn(filled(kernel, leaving))
    assert position(kernel).exit_at == 0
    kernel.turn(filled(kernel, entering))
    assert position(kernel).exit_at == 12 * MINUTE


def test_a_growing_position_keeps_its_clock():
    kernel = opened(strategy(OBEY, exits=Exits(minutes=10)))
    _, entry = turned(kernel, candles([LONG_AT]))
    for part, ts in (("a", MINUTE), ("b", 4 * MINUTE)):
        kernel.turn(replace(filled(kernel, entry), trade_id=part, quantity=Decimal("0.5"), ts=ts))
    assert position(kernel).exit_at == 11 * MINUTE


def test_a_decision_to_leave_repeats_no_exit_that_is_on_its_way():
    kernel = entered(Exits(minutes=1))
    events = next_candles(kernel, FLAT_AT, FLAT_AT)
    assert [e.purpose for e in of_type(OrderRequested, events)] == ["time"]
    assert of_type(CancelRequested, events) == []


# Re-entry.


@pytest.mark.parametrize(("reenter", "again"), [("at_once", 1), ("new_signal", 0)])
def test_after_a_stop_the_same_wish_counts_or_not(reenter, again):
    kernel = entered(Exits(stop_loss=Decimal("0.1"), reenter=reenter))
    kernel.turn(filled(kernel, kernel.state.orders[2].request, "450"))
    assert position(kernel).quantity == 0
    assert len(of_type(DecisionMade, next_candles(kernel, LONG_AT))) == again
    assert len(of_type(DecisionMade, next_candles(kernel, FLAT_AT))) == 1
    assert len(of_type(DecisionMade, next_candles(kernel, LONG_AT))) == 1 - again, "it was wanted otherwise meanwhile"


# Stops that move to break even.

EVEN = Exits(stop_loss=Decimal("0.1"), take_profit=Decimal("0.5"), break_even=Decimal("0.0201"))


def test_a_stop_moves_to_the_entry_once_a_close_has_come_far_enough():
    kernel = entered(EVEN)
    before = kernel.state.orders[2].request
    assert before.advance_at == Decimal("510.07")
    assert next_candles(kernel, 510_00, 510_06) == []
    assert kernel.state.orders[2].state is OrderState.OPEN
    _, moved = next_candles(kernel, 510_07)
    assert (moved.order, moved.replaces, moved.candle) == (4, 2, 4)
    assert (moved.trigger, moved.advance_at, moved.advance_to) == (Decimal("500.01"), None, None)
    same = ("side", "kind", "quantity", "purpose", "reduce_only", "parent", "group", "time_in_force")
    assert [getattr(moved, name) for name in same] == [getattr(before, name) for name in same]
    assert kernel.state.orders[2].state is OrderState.CANCELING
    assert next_candles(kernel, 520_00, 505_00, 520_00) == [], "it moves once"
    kernel.turn(OrderCanceled(0, 7, 2, "replaced"))
    assert sorted(position(kernel).live) == [3, 4]


def test_the_stop_of_a_short_moves_down():
    kernel = on_margin(EVEN)
    assert next_candles(kernel, 489_98) == []
    _, moved = next_candles(kernel, 489_97)
    assert (moved.side, moved.trigger, moved.replaces) == ("buy", Decimal("500.03"), 2)


def test_the_limit_of_a_moving_stop_keeps_its_distance():
    kernel = entered(replace(EVEN, stop_limit=Decimal("0.02")))
    stop = kernel.state.orders[2].request
    moved = next_candles(kernel, 520_00)[-1]
    assert moved.trigger - moved.price == stop.trigger - stop.price == Decimal("10.01")


def test_a_stop_does_not_move_before_there_is_a_position():
    kernel = opened(strategy(OBEY, exits=EVEN))
    turned(kernel, candles([LONG_AT]))
    assert next_candles(kernel, 520_00) == []


def guarded_entry() -> Kernel:
    """An entry with a stop and a target was requested at candle 1; nothing was heard of any of them yet."""
    exits = Exits(stop_loss=Decimal("0.1"), take_profit=Decimal("0.1"))
    kernel = opened(strategy(OBEY, exits=exits))
    orders = of_type(OrderRequested, turned(kernel, candles([LONG_AT])))
    assert [order.purpose for order in orders] == ["entry", "stop", "target"]
    return kernel


def test_a_position_whose_stop_the_venue_refuses_is_closed():
    kernel = guarded_entry()
    entry = kernel.state.orders[1].request
    assert turned(kernel, [OrderAccepted(0, 1, 1, "v1"), OrderAccepted(0, 1, 3, "v3")]) == []
    turned(kernel, [filled(kernel, entry)])
    told = turned(kernel, [OrderRejected(0, 1, 2, "no_such_kind")])
    assert [type(e).__name__ for e in told] == ["CancelRequested", "OrderRequested"]
    assert (told[0].order, told[1].purpose, told[1].quantity) == (3, "protection", 1)
    again = turned(kernel, [OrderRejected(0, 1, told[1].order, "busy")])
    assert again == []  # a venue that refuses everything is not asked for ever within one turn


def test_a_target_that_the_venue_refuses_leaves_a_position_with_its_stop():
    kernel = guarded_entry()
    turned(kernel, [filled(kernel, kernel.state.orders[1].request)])
    assert turned(kernel, [OrderRejected(0, 1, 3, "no_such_kind")]) == []


def test_an_entry_that_is_filled_after_its_end_is_closed_since_its_guards_ended_with_it():
    kernel = guarded_entry()
    entry = kernel.state.orders[1].request
    ends = [OrderCanceled(0, 1, 1, "by_venue"), *(OrderCanceled(0, 1, n, "parent_ended") for n in (2, 3))]
    assert turned(kernel, ends) == []
    told = turned(kernel, [filled(kernel, entry)])
    assert [getattr(e, "purpose", None) for e in told if isinstance(e, OrderRequested)] == ["protection"]

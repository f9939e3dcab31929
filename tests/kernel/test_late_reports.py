"""Reports by slow ways: before the answer, in any order, twice, after the end. Each trade is booked once."""

from decimal import Decimal
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from kernel.brackets import Exits
from kernel.events import DecisionMade, OrderRequested, PositionChanged, ReportRefused, RiskRefused
from kernel.evolve import _ENDED_KEPT
from kernel.messages import OrderAccepted, OrderCanceled, OrderExpired, OrderFilled, OrderRejected, OrderUnknown
from kernel.orders import OrderState
from tests.kernel.given import (
    BTC,
    ETH,
    FLAT_AT,
    LONG_AT,
    MINUTE,
    OBEDIENT,
    OBEY,
    candles,
    next_candles,
    of_type,
    opened,
    position,
    strategy,
    turned,
)

ACK = OrderAccepted(0, 1, 1, "v1")
END = OrderCanceled(0, 1, 1, "requested")


def trade(number, quantity="0.25", *, order=1, price="500", **more):
    values = Decimal(price), Decimal(quantity), Decimal("0.01"), "USDT"
    return replace(OrderFilled(0, 1, order, f"t{number}", *values), **more)


def ordered(of=OBEDIENT, *instruments):
    """One unit is on its way."""
    kernel = opened(of, *instruments)
    turned(kernel, candles([LONG_AT]))
    return kernel


def books(kernel):
    """Positions, money and orders; of an order, its trades in any order."""
    state = kernel.state
    known = (state.orders | state.ended).items()
    orders = {number: (o.filled, o.state, sorted(o.trade_ids), o.quarantined) for number, o in known}
    return position(kernel), state.balances, state.fees, state.realized, orders, list(state.orders), state.quarantined


# One trade at a time.


def test_a_fill_may_come_before_the_answer():
    kernel = ordered()
    assert isinstance(kernel.turn(trade(1))[0], PositionChanged)
    assert kernel.state.orders[1].state is OrderState.OPEN
    assert list(kernel.turn(ACK)) == []
    assert kernel.state.orders[1].state is OrderState.OPEN


def test_the_last_fill_may_come_before_the_answer():
    kernel = ordered()
    kernel.turn(trade(1, "1"))
    assert kernel.state.ended[1].state is OrderState.FILLED
    assert list(kernel.turn(ACK)) == []
    assert list(kernel.turn(OrderUnknown(0, 1, 1, "timed out"))) == []
    assert kernel.state.ended[1].state is OrderState.FILLED


@pytest.mark.parametrize("end", [END, OrderExpired(0, 1, 1, "gtd")])
def test_a_fill_may_come_after_the_end(end):
    kernel = ordered()
    kernel.turn(end)
    assert position(kernel).direction == 0
    change, mark = kernel.turn(trade(1, "0.4"))
    assert (change.quantity, mark.cause) == (Decimal("0.4"), "fill")
    order = kernel.state.ended[1]
    assert (order.filled, order.state) == (Decimal("0.4"), TERMINAL_OF[type(end)])
    assert kernel.state.orders == {}
    assert position(kernel).direction == 1, "it is long now, and the model is asked from there"
    _, leaving = of_type(DecisionMade | OrderRequested, next_candles(kernel, FLAT_AT))
    assert (leaving.side, leaving.quantity) == ("sell", Decimal("0.4"))


TERMINAL_OF = {OrderCanceled: OrderState.CANCELED, OrderExpired: OrderState.EXPIRED}


def test_what_was_rejected_cannot_be_filled():
    kernel = ordered()
    kernel.turn(OrderRejected(0, 1, 1, "busy"))
    assert kernel.turn(trade(1)) == (ReportRefused(0, 1, "OrderFilled", "order_is_rejected", True),)
    assert position(kernel).quantity == 0


def test_a_repeated_trade_contradicts_nothing():
    kernel = ordered()
    kernel.turn(trade(1))
    before = kernel.fingerprint()
    for again in (trade(1), trade(1, "0.5", price="900")):
        assert kernel.turn(again) == (ReportRefused(0, 1, "OrderFilled", "trade_already_booked", False),)
    assert kernel.fingerprint() == before
    kernel.turn(trade(2, "0.75"))
    before = kernel.fingerprint()
    assert kernel.turn(trade(2, "0.75"))[0].reason == "trade_already_booked"
    assert kernel.fingerprint() == before


def test_an_order_that_nobody_knows_contradicts_nothing_either():
    kernel = ordered()
    before = kernel.fingerprint()
    for report in (trade(1, order=9), replace(END, order=9), replace(ACK, order=9)):
        assert kernel.turn(report) == (ReportRefused(0, 9, type(report).__name__, "no_such_order", False),)
    assert kernel.fingerprint() == before


@pytest.mark.parametrize(
    ("report", "reason"),
    [
        (trade(2, "0.751"), "more_than_was_ordered"),
        (trade(2, "0"), "not_a_trade"),
        (trade(2, "-0.25"), "not_a_trade"),
        (trade(2, price="0"), "not_a_trade"),
        (trade(2, price="-1"), "not_a_trade"),
        (OrderRejected(0, 1, 1, "busy"), "order_is_open"),
    ],
)
def test_what_contradicts_an_order_puts_it_into_quarantine(report, reason):
    kernel = ordered()
    kernel.turn(trade(1))
    before = books(kernel)
    (refused,) = kernel.turn(report)
    assert (refused.reason, refused.quarantined) == (reason, True)
    assert books(kernel)[:4] == before[:4], "nothing was booked"
    assert (kernel.state.quarantined, kernel.state.orders[1].quarantined) == ([1], True)
    kernel.turn(report)
    assert kernel.state.quarantined == [1]


# Quarantine.


def test_a_quarantine_blocks_entries_of_its_strategy_in_its_market_and_no_exit():
    kernel = ordered((OBEDIENT, strategy(OBEY, name="other")), BTC, ETH)
    kernel.turn(trade(1, "0.5"))
    kernel.turn(trade(2, "0.6"))
    kernel.turn(END)
    kernel.turn(replace(END, order=2))
    decided, leaving = of_type(DecisionMade | OrderRequested, next_candles(kernel, FLAT_AT))
    assert (decided.strategy, leaving.side, leaving.quantity) == ("tested", "sell", Decimal("0.5"))
    kernel.turn(trade(1, "0.5", order=leaving.order))
    events = next_candles(kernel, LONG_AT)
    (refused,) = of_type(RiskRefused, events)
    assert (refused.strategy, refused.reason) == ("tested", "quarantined_order")
    assert refused.detail == "the venue contradicts itself on order 1"
    assert [o.strategy for o in of_type(OrderRequested, events)] == ["other"]
    there = turned(kernel, candles([LONG_AT], of=ETH, start=5 * MINUTE))
    assert [o.strategy for o in of_type(OrderRequested, there)] == ["tested", "other"]


def test_ended_orders_are_forgotten_in_the_end_but_not_one_in_quarantine():
    kernel = ordered((OBEDIENT, strategy(OBEY, name="other")))
    kernel.turn(trade(1, "2"))
    kernel.turn(END)
    for number in range(2, 2 * _ENDED_KEPT + 2):
        assert {1, 2} & kernel.state.ended.keys()
        kernel.turn(replace(END, order=number))
        next_candles(kernel, LONG_AT)
    assert (len(kernel.state.ended), 1 in kernel.state.ended, 2 in kernel.state.ended) == (_ENDED_KEPT + 1, True, False)
    assert kernel.turn(trade(1, order=2))[0].reason == "no_such_order"
    kernel.turn(replace(END, order=2 * _ENDED_KEPT + 2))
    refused = of_type(RiskRefused, next_candles(kernel, LONG_AT))
    assert {r.strategy for r in refused if r.reason == "quarantined_order"} == {"tested"}


# Any order of the same reports.


def ways_of(reports):
    return [list(way) for way in permutations(reports)]


@pytest.mark.parametrize("way", ways_of([ACK, trade(1, "0.3"), trade(2, "0.7")]), ids=str)
def test_in_whatever_order_an_order_is_filled_the_end_is_the_same(way):
    kernel, straight = ordered(), ordered()
    turned(straight, [ACK, trade(1, "0.3"), trade(2, "0.7")])
    assert of_type(ReportRefused, turned(kernel, way)) == []
    assert books(kernel) == books(straight)


@pytest.mark.parametrize("way", ways_of([ACK, trade(1, "0.3"), trade(2, "0.2"), END]), ids=str)
def test_in_whatever_order_an_order_is_ended_the_end_is_the_same(way):
    kernel, straight = ordered(), ordered()
    turned(straight, [ACK, trade(1, "0.3"), trade(2, "0.2"), END])
    assert of_type(ReportRefused, turned(kernel, way)) == []
    assert books(kernel) == books(straight)


reports = st.lists(st.integers(0, 5), max_size=14)


@given(reports, st.integers(0, 14))
def test_repeats_change_nothing_once_everything_was_heard(extra, cut):
    """A whole bracket is told of, then anything of it again: no trade is booked twice, and nobody is blamed."""
    guarded = strategy(OBEY, exits=Exits(stop_loss=Decimal("0.1"), take_profit=Decimal("0.1")))
    told = [
        ACK, trade(1, "0.5"), trade(2, "0.5"), OrderAccepted(0, 1, 2, "v2"), trade(1, "1", order=2, price="450"),
        replace(END, order=3, reason="oco"),
    ]  # fmt: skip
    kernel, straight = ordered(guarded), ordered(guarded)
    turned(straight, told)
    heard = turned(kernel, [*told, *(told[place] for place in extra[:cut])])
    assert books(kernel) == books(straight)
    assert position(kernel).quantity == 0
    assert {r.reason for r in of_type(ReportRefused, heard)} <= {"trade_already_booked"}
    assert kernel.state.quarantined == []

"""What is decided on a candle: given messages, when one more comes, then these decisions, orders and refusals."""

from decimal import Decimal
from hashlib import sha256

import pytest
from msgspec.structs import replace

from kernel.events import CancelRequested, DecisionMade, OrderRequested, RiskRefused
from kernel.features.declaration import feature
from kernel.messages import OrderCanceled, OrderRejected, WarmupCandle
from kernel.models.cross import Cross
from kernel.models.mean_reversion import MeanReversion
from kernel.sizing import FixedNotional
from kernel.skip import SkipReason
from kernel.strategy import Cooldown, Gate, MinConfidence, Session
from kernel.timeframe import parse_time
from tests.kernel.given import (
    BTC,
    CROSS,
    ETH,
    FLAT_AT,
    LONG_AT,
    MINUTE,
    NEITHER_AT,
    OBEDIENT,
    OBEY,
    SHORT_AT,
    account,
    candles,
    engine,
    filled,
    fold,
    holding,
    instrument,
    next_candles,
    of_type,
    opened,
    position,
    strategy,
    turned,
)


def on_margin(**more):
    return opened(account_of=account(kind="margin", leverage=Decimal(3)), **more)


# Decisions.


def test_a_model_is_asked_from_the_candle_that_completes_its_warm_up():
    rising = candles(range(500_00, 500_10))
    assert turned(opened(CROSS), rising[:3]) == []
    skipped, decision, order = turned(opened(CROSS), rising[:4])
    assert (skipped.first, skipped.last, skipped.counts) == (1, 3, {"warming_up": 3})
    assert (decision.candle, decision.direction, decision.target) == (4, 1, 1)
    assert (order.order, order.candle, order.side, order.quantity) == (1, 4, "buy", 1)


def test_history_warms_up_and_decides_nothing():
    rising = candles(range(500_00, 500_10))
    history = candles(range(500_00, 500_03), kind=WarmupCandle)
    kernel = opened(CROSS)
    assert turned(kernel, history) == []
    decision, _ = turned(kernel, rising[3:4])
    (expected,) = of_type(DecisionMade, turned(opened(CROSS), rising[:4]))
    assert decision == expected, "values, digest and ordinal are those of a run that decided from the first candle on"


def test_a_decision_names_the_bytes_that_it_was_made_from():
    import struct

    (decision,) = of_type(DecisionMade, turned(opened(CROSS), candles([500_00, 500_01, 500_02, 500_03])))
    fast = slow = 500.0
    for close in (500.01, 500.02, 500.03):
        fast, slow = fast + 2 / 3 * (close - fast), slow + 2 / 5 * (close - slow)
    assert decision.features_digest == sha256(struct.pack("<2d", fast, slow)).hexdigest()


def test_what_is_wanted_already_is_not_decided_again():
    kernel = holding()
    assert next_candles(kernel, LONG_AT, NEITHER_AT, LONG_AT) == []
    skipped, decision, order = next_candles(kernel, FLAT_AT)
    assert skipped.counts == {"no_opinion": 1, "target_unchanged": 2}
    assert (decision.direction, order.side, order.quantity) == (0, "sell", 1)


def test_an_order_on_its_way_is_canceled_when_it_is_not_wanted_any_more():
    kernel = opened()
    turned(kernel, candles([LONG_AT]))
    (decision, wish) = next_candles(kernel, FLAT_AT)
    assert (decision.target, type(wish), wish.order, wish.reason) == (0, CancelRequested, 1, "exit")
    assert next_candles(kernel, FLAT_AT) == []


def test_what_was_filled_before_its_cancel_came_is_left_by_another_decision():
    kernel = opened()
    _, order = turned(kernel, candles([LONG_AT]))
    next_candles(kernel, FLAT_AT)
    kernel.turn(filled(kernel, order))
    decision, leaving = next_candles(kernel, FLAT_AT)
    assert (decision.direction, leaving.side, leaving.quantity) == (0, "sell", 1)


def test_an_exit_is_a_market_order_that_only_reduces():
    _, order = next_candles(holding(), FLAT_AT)
    assert (order.kind, order.purpose, order.reduce_only, order.parent) == ("market", "exit", True, 0)


def test_a_flip_is_two_orders():
    kernel = on_margin()
    _, first = turned(kernel, candles([LONG_AT]))
    kernel.turn(filled(kernel, first))
    decision, leaving, entering = next_candles(kernel, SHORT_AT)
    assert decision.target == -1
    assert (leaving.order, leaving.side, leaving.quantity, leaving.reduce_only) == (2, "sell", 1, True)
    assert (entering.order, entering.side, entering.quantity, entering.reduce_only) == (3, "sell", 1, False)
    kernel.turn(filled(kernel, leaving))
    assert position(kernel).direction == -1, "the entry is still on its way"
    kernel.turn(filled(kernel, entering))
    assert (position(kernel).quantity, position(kernel).direction) == (-1, -1)
    assert next_candles(kernel, SHORT_AT) == []


def test_a_refused_short_leaves_the_long_position_all_the_same():
    kernel = holding()
    decision, leaving, refused = next_candles(kernel, SHORT_AT)
    assert (decision.direction, refused.reason) == (-1, "short_not_allowed")
    assert (leaving.side, leaving.quantity, leaving.reduce_only) == ("sell", 1, True)
    kernel.turn(filled(kernel, leaving))
    assert (position(kernel).quantity, position(kernel).direction) == (0, 0)


def test_nothing_is_entered_before_an_exit_has_ended():
    kernel = holding()
    _, leaving = next_candles(kernel, FLAT_AT)
    assert next_candles(kernel, LONG_AT) == []
    assert fold(kernel) == bytes([SkipReason.AWAITING_EXIT])
    kernel.turn(filled(kernel, leaving))
    _, decision, _ = next_candles(kernel, LONG_AT)
    assert decision.direction == 1


def test_less_than_a_lot_counts_as_flat():
    kernel = opened()
    _, order = turned(kernel, candles([LONG_AT]))
    kernel.turn(replace(filled(kernel, order, fee="0.0004"), fee_asset="BTC"))
    _, leaving = next_candles(kernel, FLAT_AT)
    assert leaving.quantity == Decimal("0.999"), "whole lots"
    kernel.turn(filled(kernel, leaving))
    assert position(kernel).quantity == Decimal("0.0006")
    assert kernel.state.books["tested"].round_trips == 1
    assert next_candles(kernel, FLAT_AT) == []
    _, _, again = next_candles(kernel, LONG_AT)
    assert again.quantity == Decimal("0.999"), "what is there already is not bought again"


def test_what_is_too_small_to_be_sold_stays_and_is_not_asked_for_again():
    kernel = opened(OBEDIENT, instrument("BTC/USDT", min_notional=Decimal(100)))
    _, order = turned(kernel, candles([LONG_AT]))
    kernel.turn(replace(filled(kernel, order), quantity=Decimal("0.1")))
    kernel.turn(OrderCanceled(0, 1, 1, "no liquidity"))
    _, refused = next_candles(kernel, FLAT_AT)
    assert (refused.reason, refused.target) == ("below_min_notional", 0)
    assert next_candles(kernel, FLAT_AT) == []
    _, _, more = next_candles(kernel, LONG_AT)
    assert (more.side, more.quantity) == ("buy", Decimal("0.9"))


def test_an_entry_never_adds_where_less_is_wanted():
    """Ten times the price: what was too small to be sold is now more than the same worth buys."""
    wants = strategy(OBEY, sizing=FixedNotional(Decimal(100)))
    kernel = opened(wants, instrument("BTC/USDT", min_notional=Decimal(60)))
    _, order = turned(kernel, candles([LONG_AT]))
    kernel.turn(replace(filled(kernel, order), quantity=Decimal("0.1")))
    kernel.turn(OrderCanceled(0, 1, 1, "no liquidity"))
    next_candles(kernel, FLAT_AT)
    _, refused = next_candles(kernel, 5000_01)
    assert (refused.reason, refused.detail) == ("smaller_than_held", "0.1 is held, and could not be sold")
    assert position(kernel).direction == 1, "there is something to leave now"
    _, leaving = next_candles(kernel, 5000_02)
    assert (leaving.side, leaving.quantity) == ("sell", Decimal("0.1"))


def test_an_order_on_its_way_in_another_market_does_not_count():
    kernel = opened(OBEDIENT, BTC, ETH)
    turned(kernel, candles([LONG_AT], of=ETH))
    (_, order) = turned(kernel, candles([LONG_AT]))
    assert (order.symbol, order.side, order.quantity) == ("BTC/USDT", "buy", 1)


@pytest.mark.parametrize("end", [OrderRejected(0, 1, 1, "no"), OrderCanceled(0, 1, 1, "no money")])
def test_after_an_order_that_came_to_nothing_the_wish_is_decided_anew(end):
    kernel = opened()
    turned(kernel, candles([LONG_AT]))
    assert next_candles(kernel, LONG_AT) == []
    kernel.turn(end)
    _, decision, order = next_candles(kernel, LONG_AT)
    assert (decision.direction, order.order, order.side) == (1, 2, "buy")


# Risk.


@pytest.mark.parametrize(
    ("rules", "quantity", "cash", "wish", "reason"),
    [
        ({}, "1", "500.51", LONG_AT, "insufficient_cash"),  # the price fits, the fee does not
        ({"min_notional": Decimal("500.02")}, "1", "1000", LONG_AT, "below_min_notional"),
        ({}, "0.0009", "1000", LONG_AT, "below_one_lot"),
        ({}, "1", "1000", SHORT_AT, "short_not_allowed"),
    ],
)
def test_risk_refuses(rules, quantity, cash, wish, reason):
    kernel = opened(strategy(OBEY, quantity=quantity), instrument("BTC/USDT", **rules), cash=Decimal(cash))
    decision, refused = turned(kernel, candles([wish]))
    assert isinstance(decision, DecisionMade)
    assert (refused.reason, refused.target, refused.candle) == (reason, decision.target, 1)
    assert kernel.state.orders == {}
    assert position(kernel).direction == 0, "the next candle may ask again"


@pytest.mark.parametrize(
    ("rules", "quantity", "cash"),
    [({}, "1", "500.51001"), ({"min_notional": Decimal("500.01")}, "1", "1000"), ({}, "0.001", "1000")],
)
def test_risk_approves_what_just_fits(rules, quantity, cash):
    kernel = opened(strategy(OBEY, quantity=quantity), instrument("BTC/USDT", **rules), cash=Decimal(cash))
    assert [type(event) for event in turned(kernel, candles([LONG_AT]))] == [DecisionMade, OrderRequested]


def test_a_refusal_is_repeated_for_as_long_as_the_wish_is():
    poor = opened(cash=Decimal(1))
    assert [type(e) for e in turned(poor, candles([LONG_AT, LONG_AT]))] == [DecisionMade, RiskRefused] * 2


def test_an_order_is_whole_lots_towards_zero():
    (_, order) = turned(opened(strategy(OBEY, quantity="1.0019")), candles([LONG_AT]))
    assert order.quantity == Decimal("1.001")


# Filters hold back entries, never exits.


def test_a_cooldown_counts_market_messages_since_the_last_decision():
    kernel = holding(Cooldown(3))
    _, sold = next_candles(kernel, FLAT_AT)
    kernel.turn(filled(kernel, sold))
    assert next_candles(kernel, LONG_AT, LONG_AT, LONG_AT) == []
    skipped, decision, _ = next_candles(kernel, LONG_AT)
    assert skipped.counts == {"cooling_down": 3}
    assert decision.candle == 6


@pytest.mark.parametrize(
    ("hours", "inside", "outside"),
    [
        ((8, 16), ["08:00", "15:59"], ["07:59", "16:00"]),
        ((22, 2), ["22:00", "23:59", "00:00", "01:59"], ["21:59", "02:00"]),
        ((0, 24), ["00:00", "23:59"], []),
        ((5, 5), [], ["05:00", "12:00"]),
    ],
)
def test_a_session_lets_entries_pass_in_its_hours(hours, inside, outside):
    for clock in inside + outside:
        kernel = opened(strategy(OBEY, filters=[Session(*hours)]))
        events = turned(kernel, candles([LONG_AT], start=parse_time(f"2022-06-13T{clock}Z")))
        assert bool(events) is (clock in inside)
        assert events or fold(kernel) == bytes([SkipReason.OUTSIDE_SESSION])


def test_a_session_holds_back_no_exit():
    kernel = holding(Session(0, 1))
    assert len(turned(kernel, candles([FLAT_AT], start=5 * 60 * MINUTE))) == 2


def test_confidence_is_compared_with_the_least():
    falling = [500_00, 500_10, 500_00, 500_10, 499_50]
    for least, passes in ((0.5, True), (1.0, False)):
        doubtful = strategy(
            MeanReversion("score", entry=1.5), [feature("score", "zscore", period=5)], filters=[MinConfidence(least)]
        )
        kernel = opened(doubtful)
        assert bool(turned(kernel, candles(falling))) is passes
        assert passes or fold(kernel)[-1] == SkipReason.LOW_CONFIDENCE


def test_confidence_that_is_just_enough_is_enough():
    assert turned(opened(strategy(OBEY, filters=[MinConfidence(1.0)])), candles([LONG_AT])) != []


def test_the_gate_ends_what_did_not_move():
    kernel = opened(strategy(OBEY, gate=Gate(0.001)))
    assert turned(kernel, candles([500_01, 500_01, 500_11])) == []
    assert list(fold(kernel)) == [SkipReason.GATE_CLOSED] * 3
    skipped, decision, _ = next_candles(kernel, 501_01)
    assert (skipped.last, decision.candle) == (3, 4)


def test_the_gate_is_behind_no_indicator():
    """What the gate rejects still moves every average: the digest is that of the strategy without a gate."""
    rising = candles([500_00 + 3 * n for n in range(20)] + [600_00])
    features = [feature("fast", "ema", period=2), feature("slow", "ema", period=4)]
    gated = opened(strategy(Cross("fast", "slow"), features, gate=Gate(0.1)))
    (decision,) = of_type(DecisionMade, turned(gated, rising))
    free = opened(CROSS)
    turned(free, rising)
    ours, theirs = (engine(kernel) for kernel in (gated, free))
    assert ours.emit() == theirs.emit()
    assert decision.candle == 21

"""What is decided on a candle: given messages, when one more comes, then these decisions, orders and refusals."""

from decimal import Decimal
from hashlib import sha256

import pytest

from kernel.events import DecisionMade, OrderRequested, RiskRefused
from kernel.features.declaration import feature
from kernel.messages import OrderCanceled, OrderRejected, WarmupCandle
from kernel.models.cross import Cross
from kernel.models.mean_reversion import MeanReversion
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
    candles,
    filled,
    holding,
    instrument,
    next_candles,
    of_type,
    opened,
    strategy,
    turned,
)

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


def test_an_order_on_its_way_counts_as_filled():
    kernel = opened()
    turned(kernel, candles([LONG_AT]))
    (decision, order) = next_candles(kernel, FLAT_AT)
    assert (decision.target, order.side, order.quantity) == (0, "sell", 1), "nothing is held, yet one is on its way"


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
    assert kernel.state.markets["BTC/USDT"].direction == 0, "the next candle may ask again"


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
        assert events or kernel.state.fold == bytes([SkipReason.OUTSIDE_SESSION])


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
        assert passes or kernel.state.fold[-1] == SkipReason.LOW_CONFIDENCE


def test_confidence_that_is_just_enough_is_enough():
    assert turned(opened(strategy(OBEY, filters=[MinConfidence(1.0)])), candles([LONG_AT])) != []


def test_the_gate_ends_what_did_not_move():
    kernel = opened(strategy(OBEY, gate=Gate(0.001)))
    assert turned(kernel, candles([500_01, 500_01, 500_11])) == []
    assert list(kernel.state.fold) == [SkipReason.GATE_CLOSED] * 3
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
    ours, theirs = (kernel.engines["BTC/USDT"] for kernel in (gated, free))
    assert ours.emit() == theirs.emit()
    assert decision.candle == 21

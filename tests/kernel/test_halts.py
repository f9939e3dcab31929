"""Protections in a running kernel: what each stops, closes and lets through, until when; and what is filled late."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from kernel.blueprint import RiskConfig
from kernel.brackets import Entry, Exits
from kernel.events import CancelRequested, DecisionMade, OrderRequested, PositionChanged, TradingStateChanged
from kernel.messages import OrderCanceled, OrderRejected, SetTradingState
from kernel.risk.protections import DailyLoss, Drawdown, ExitCooldown, LosingStreak, VolatilitySpike
from kernel.skip import SkipReason
from kernel.timeframe import DAY_NS
from tests.kernel.given import (
    BTC,
    ETH,
    FLAT_AT,
    LONG_AT,
    MINUTE,
    NEITHER_AT,
    OBEDIENT,
    OBEY,
    candles,
    entered,
    filled,
    fold,
    instrument,
    next_candles,
    of_type,
    opened,
    position,
    served,
    strategy,
    turned,
)


def protected(*protections, cash="1000", **more):
    """Half of a small account is at stake."""
    return entered(risk=RiskConfig(protections=protections), cash=Decimal(cash), **more)


def purposes(events):
    return [(type(e).__name__, getattr(e, "purpose", None) or getattr(e, "reason", "")) for e in events]


# Protections: what each does to a running kernel.


def test_a_daily_loss_closes_everything_until_the_day_is_over():
    start = DAY_NS - 5 * MINUTE
    kernel = protected(DailyLoss(Decimal("0.1")), start=start)
    assert next_candles(kernel, 400_04) == [], "it may lose a little more"
    skipped, change, leaving = next_candles(kernel, 400_00)
    assert skipped.last == 2
    assert (change.state, change.cause, change.until, change.flatten) == ("halted", "daily_loss", DAY_NS + 1, True)
    assert (change.strategy, change.symbol, change.detail) == ("", "", "899.99 <= 900 USDT")
    assert (leaving.purpose, leaving.side, leaving.quantity) == ("protection", "sell", 1)
    kernel.turn(filled(kernel, leaving, "400"))
    assert next_candles(kernel, LONG_AT, LONG_AT) == []
    assert fold(kernel)[-2:] == bytes([SkipReason.TRADING_HALTED] * 2)
    events = next_candles(kernel, LONG_AT)  # the first candle of the new day
    assert kernel.state.ts == DAY_NS + MINUTE
    (over,) = of_type(TradingStateChanged, events)
    assert (over.state, over.cause, over.flatten) == ("active", "daily_loss", False)
    assert [d.direction for d in of_type(DecisionMade, events)] == [1]


def test_a_drawdown_that_reduces_cancels_entries_and_leaves_guards_and_positions():
    """Beside a position of one market rests an entry of another."""
    rests = strategy(OBEY, entry=Entry("limit", Decimal("0.1")), exits=Exits(stop_loss=Decimal("0.5")), quantity="0.5")
    risk = RiskConfig(protections=(Drawdown(Decimal("0.1"), "reduce", 3),))
    kernel = opened(rests, BTC, ETH, cash=Decimal(1000), risk=risk)
    _, held, _ = turned(kernel, candles([LONG_AT]))
    kernel.turn(replace(filled(kernel, held, "450"), quantity=Decimal("0.5")))
    _, resting, _ = turned(kernel, candles([LONG_AT], of=ETH, start=MINUTE))
    change, canceled = turned(kernel, candles([200_00], start=2 * MINUTE))
    assert (change.state, change.cause, change.until) == ("reducing", "drawdown", 6 * MINUTE)
    assert (type(canceled), canceled.order, canceled.reason) == (CancelRequested, resting.order, "drawdown")
    assert position(kernel).live == [2], "the stop guards on"


def test_while_trading_is_reducing_exits_pass_and_entries_do_not():
    kernel = protected(Drawdown(Decimal("0.1"), "block", 0))
    (change,) = of_type(TradingStateChanged, next_candles(kernel, 390_00))
    assert (change.state, change.until, change.flatten) == ("reducing", 0, False)
    _, leaving = of_type(DecisionMade, events := next_candles(kernel, 390_02)) + of_type(OrderRequested, events)
    kernel.turn(filled(kernel, leaving, "390"))
    assert next_candles(kernel, 390_01, 390_01) == []
    assert fold(kernel)[-2:] == bytes([SkipReason.ENTRIES_BLOCKED] * 2)


def test_a_drawdown_is_measured_anew_when_an_operator_has_lifted_it():
    kernel = protected(Drawdown(Decimal("0.1"), "flatten", 0))
    *_, leaving = next_candles(kernel, 390_00)
    kernel.turn(filled(kernel, leaving, "390"))
    next_candles(kernel, *[390_00] * 5)
    assert kernel.state.halts, "nobody has lifted it"
    kernel.turn(SetTradingState(0, kernel.state.ordinal, "active", "", False, "operator"))
    assert kernel.state.peak == kernel.state.equity == Decimal("889.99")
    assert of_type(TradingStateChanged, next_candles(kernel, 390_00, 390_00)) == []


def test_a_drawdown_is_measured_anew_when_its_pause_is_over():
    kernel = protected(Drawdown(Decimal("0.1"), "block", 3))
    events = next_candles(kernel, *[390_00] * 10)
    assert [e.state for e in of_type(TradingStateChanged, events)] == ["reducing", "active"]


def lose(kernel, *, at="490"):
    """A round trip that ends on the next candle, at this price."""
    kernel.turn(filled(kernel, next_candles(kernel, LONG_AT)[-1], "500"))
    return kernel.turn(filled(kernel, next_candles(kernel, FLAT_AT)[-1], at))


def test_a_losing_streak_blocks_its_strategy_in_its_market():
    risk = RiskConfig(protections=(LosingStreak(2, "block", 10),))
    kernel = opened((OBEDIENT, strategy(OBEY, name="other")), BTC, ETH, risk=risk)
    for price, streak in (("490", 1), ("510", 0), ("490", 1), ("490", 2)):
        events = []
        for close in (LONG_AT, FLAT_AT):
            *_, order = next_candles(kernel, close)
            mine = next(o.request for o in kernel.state.orders.values() if o.request.strategy == "tested")
            events = kernel.turn(filled(kernel, mine, "500" if close == LONG_AT else price))
            for rest in list(kernel.state.orders):
                kernel.turn(OrderCanceled(0, 0, rest, "no liquidity"))
        assert position(kernel).losses == streak
    (change,) = of_type(TradingStateChanged, events)
    assert (change.strategy, change.symbol, change.cause) == ("tested", "BTC/USDT", "losing_streak")
    assert (change.state, change.until) == ("reducing", change.ts + 10 * MINUTE)
    decided = of_type(DecisionMade, next_candles(kernel, LONG_AT))
    assert [d.strategy for d in decided] == ["other"]
    there = turned(kernel, candles([LONG_AT], of=ETH, start=20 * MINUTE))
    assert [d.strategy for d in of_type(DecisionMade, there)] == ["tested", "other"]


@pytest.mark.parametrize(
    ("after", "price", "stays_out"), [("any", "510", 1), ("any", "490", 1), ("loss", "490", 1), ("loss", "510", 0)]
)
def test_a_cooldown_after_an_exit_keeps_the_strategy_out_for_its_minutes(after, price, stays_out):
    kernel = opened(OBEDIENT, risk=RiskConfig(protections=(ExitCooldown(3, after),)))
    changes = of_type(TradingStateChanged, lose(kernel, at=price))
    assert [(c.strategy, c.symbol, c.state) for c in changes] == [("tested", "BTC/USDT", "reducing")] * stays_out
    if stays_out:
        assert next_candles(kernel, LONG_AT, LONG_AT) == []
        over, decision, _ = of_type(TradingStateChanged, events := next_candles(kernel, LONG_AT)) + [
            e for e in events if isinstance(e, DecisionMade | OrderRequested)
        ]
        assert (over.state, decision.direction) == ("active", 1)
    else:
        assert of_type(DecisionMade, next_candles(kernel, LONG_AT)) != []


def wild(high, *, of=BTC, start, close=LONG_AT):
    (candle,) = candles([close], of=of, start=start)
    return replace(candle, low=400_00, high=high)


def test_a_volatility_spike_closes_a_market_for_every_strategy():
    risk = RiskConfig(protections=(VolatilitySpike(Decimal("0.5"), "block", 2),))
    kernel = opened((OBEDIENT, strategy(OBEY, name="other")), BTC, ETH, risk=risk)
    assert kernel.turn(wild(599_99, start=0, close=NEITHER_AT)) == ()
    events = kernel.turn(wild(600_00, start=MINUTE))
    (change,) = of_type(TradingStateChanged, events)
    assert (change.strategy, change.symbol, change.cause) == ("", "BTC/USDT", "volatility_spike")
    assert of_type(DecisionMade, events) == [], "the candle itself is too wild to enter on"
    there = turned(kernel, candles([LONG_AT], of=ETH, start=2 * MINUTE))
    assert len(of_type(DecisionMade, there)) == 2
    assert len(of_type(DecisionMade, turned(kernel, candles([LONG_AT], start=3 * MINUTE)))) == 2, "the pause is over"


def test_a_volatility_spike_that_flattens_closes_what_all_hold_there():
    risk = RiskConfig(protections=(VolatilitySpike(Decimal("0.5"), "flatten", 2),))
    kernel = opened((OBEDIENT, strategy(OBEY, name="other")), BTC, ETH, risk=risk)
    served(kernel, [*candles([LONG_AT]), *candles([LONG_AT], of=ETH, start=MINUTE)])
    leaving = of_type(OrderRequested, kernel.turn(wild(600_00, start=2 * MINUTE)))
    assert [(o.strategy, o.symbol, o.purpose) for o in leaving] == [
        ("tested", "BTC/USDT", "protection"), ("other", "BTC/USDT", "protection"),
    ]  # fmt: skip


def test_what_is_in_force_is_not_breached_again():
    kernel = protected(Drawdown(Decimal("0.1"), "block", 0))
    events = next_candles(kernel, 390_00, 380_00, 300_00)
    assert len(of_type(TradingStateChanged, events)) == 1


def test_an_account_without_protections_never_stops():
    kernel = entered(cash=Decimal(1000))
    assert next_candles(kernel, 1_00, LONG_AT) == []


# What happens after a flattening.


def test_what_is_filled_late_is_closed_again():
    risk = RiskConfig(protections=(DailyLoss(Decimal("0.05")),))
    kernel = opened((OBEDIENT, strategy(OBEY, name="other")), cash=Decimal(2000), risk=risk)
    _, mine, _, theirs = turned(kernel, candles([LONG_AT]))
    kernel.turn(filled(kernel, mine, "500"))
    events = next_candles(kernel, 390_00)
    assert purposes(events)[-2:] == [("OrderRequested", "protection"), ("CancelRequested", "protection")]
    change, mark, again = kernel.turn(replace(filled(kernel, theirs, "390"), trade_id="crossed"))
    assert (type(change), mark.cause) == (PositionChanged, "fill")
    assert (again.strategy, again.side, again.quantity, again.purpose) == ("other", "sell", 1, "protection")


def test_parts_that_are_filled_late_are_closed_once_each():
    kernel = opened(OBEDIENT, risk=RiskConfig(protections=(LosingStreak(1),)))
    _, entry = turned(kernel, candles([LONG_AT]))
    kernel.turn(replace(filled(kernel, entry), trade_id="a", quantity=Decimal("0.4")))
    (change, leaving, canceled) = first_of_each(kernel.turn(SetTradingState(0, 1, "halted", "", True, "operator")))
    assert (canceled.order, leaving.quantity, leaving.purpose) == (1, Decimal("0.4"), "command")
    late = kernel.turn(replace(filled(kernel, entry), trade_id="b", quantity=Decimal("0.6")))
    assert of_type(OrderRequested, late) == [], "the first exit is still on its way"
    rest = kernel.turn(filled(kernel, leaving))
    (again,) = of_type(OrderRequested, rest)
    assert (again.quantity, again.side) == (Decimal("0.6"), "sell")
    kernel.turn(filled(kernel, again))
    assert position(kernel).quantity == 0
    assert change.flatten


def first_of_each(events):
    kinds = (TradingStateChanged, OrderRequested, CancelRequested)
    return [next(e for e in events if isinstance(e, kind)) for kind in kinds]


def test_a_flattening_goes_on_until_all_is_flat():
    kernel = protected(DailyLoss(Decimal("0.1")))
    *_, leaving = next_candles(kernel, 390_00)
    kernel.turn(OrderRejected(0, 2, leaving.order, "busy"))
    (again,) = of_type(OrderRequested, next_candles(kernel, 390_00))
    assert (again.side, again.quantity, again.purpose) == ("sell", 1, "protection")


def test_what_is_too_small_to_be_closed_stays_and_is_refused_once():
    kernel = opened(OBEDIENT, instrument("BTC/USDT", min_notional=Decimal(100)))
    _, entry = turned(kernel, candles([LONG_AT]))
    kernel.turn(replace(filled(kernel, entry), quantity=Decimal("0.1")))
    kernel.turn(OrderCanceled(0, 1, 1, "no liquidity"))
    _, refused = kernel.turn(SetTradingState(0, 1, "halted", "", True, "operator"))
    assert (refused.reason, refused.target) == ("below_min_notional", 0)
    assert next_candles(kernel, NEITHER_AT, NEITHER_AT) == []
    (leaving,) = of_type(OrderRequested, next_candles(kernel, 1500_00))
    assert (leaving.side, leaving.quantity) == ("sell", Decimal("0.1")), "once it is worth enough"


def test_a_halt_that_does_not_flatten_leaves_positions_alone():
    kernel = entered()
    kernel.turn(SetTradingState(0, 1, "halted", "", False, "operator"))
    assert of_type(OrderRequested, next_candles(kernel, LONG_AT, FLAT_AT)) == []

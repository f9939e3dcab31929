"""What an operator's commands do, and why some are refused."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from kernel.blueprint import RiskConfig
from kernel.brackets import Entry, Exits
from kernel.events import CancelRequested, CommandRefused, DecisionMade, OrderRequested, TradingStateChanged
from kernel.messages import (
    AmendOrder,
    CancelAllOrders,
    CancelOrder,
    OrderAccepted,
    OrderCanceled,
    OrderFilled,
    OrderUnknown,
    SetTradingState,
)
from kernel.orders import OrderState
from kernel.risk.protections import Drawdown
from kernel.skip import SkipReason
from tests.kernel.given import (
    BTC,
    CASH,
    ETH,
    FLAT_AT,
    LONG_AT,
    OBEDIENT,
    OBEY,
    candles,
    filled,
    fold,
    holding,
    merged,
    next_candles,
    of_type,
    opened,
    position,
    strategy,
    turned,
)

NOW = 77
LONG = "at most 20 digits before the point and 18 after it"


def command(kernel, state, *, strategy="", flatten=False):
    return list(kernel.turn(SetTradingState(NOW, kernel.state.ordinal, state, strategy, flatten, "ops")))


def amend(kernel, order, *, price=None, trigger=None, quantity=None):
    changes = [None if text is None else Decimal(text) for text in (price, trigger, quantity)]
    return kernel.turn(AmendOrder(NOW, kernel.state.ordinal, order, *changes, "ops"))


def resting(**exits):
    """A limit entry for two units at 495 rests, with its guards."""
    rests = strategy(OBEY, quantity="2", entry=Entry("limit", Decimal("0.01")), exits=Exits(**exits))
    kernel = opened(rests)
    _, *orders = turned(kernel, candles([LONG_AT]))
    for order in orders:
        kernel.turn(OrderAccepted(0, 1, order.order, f"v{order.order}"))
    return kernel


# Trading states.


def test_reducing_lets_exits_through_and_cancels_what_would_enter():
    kernel = resting(stop_loss=Decimal("0.1"))
    kernel.turn(OrderFilled(0, 1, 1, "a", Decimal(495), Decimal(1), Decimal(0), "USDT"))
    change, canceled = command(kernel, "reducing")
    assert (change.ts, change.state, change.cause, change.until, change.detail) == (
        NOW,
        "reducing",
        "command",
        0,
        "ops",
    )
    assert (canceled.order, canceled.reason) == (1, "command"), "the stop of what is held stays"
    kernel.turn(OrderCanceled(0, 1, 1, "requested"))
    _, _, leaving = of_type(DecisionMade | CancelRequested | OrderRequested, next_candles(kernel, FLAT_AT))
    assert (leaving.side, leaving.quantity) == ("sell", 1)
    kernel.turn(filled(kernel, leaving))
    assert next_candles(kernel, LONG_AT) == []
    assert fold(kernel)[-1] == SkipReason.ENTRIES_BLOCKED


def test_halted_sends_nothing_and_cancels_nothing():
    kernel = resting()
    (change,) = command(kernel, "halted")
    assert (change.state, change.flatten) == ("halted", False)
    assert next_candles(kernel, FLAT_AT, LONG_AT) == []
    assert fold(kernel) == bytes([SkipReason.TRADING_HALTED, SkipReason.TARGET_UNCHANGED])


@pytest.mark.parametrize("state", ["reducing", "halted", "active"])
def test_a_flattening_cancels_every_order_and_closes_every_position(state):
    kernel = resting(stop_loss=Decimal("0.1"), take_profit=Decimal("0.1"))
    kernel.turn(OrderFilled(0, 1, 1, "a", Decimal(495), Decimal(1), Decimal(0), "USDT"))
    change, *canceled, leaving = command(kernel, state, flatten=True)
    assert (change.state, change.flatten) == (state, True)
    assert [(e.order, e.reason) for e in canceled] == [(1, "command"), (2, "command"), (3, "command")]
    assert (leaving.side, leaving.quantity, leaving.purpose, leaving.reduce_only) == ("sell", 1, "command", True)
    again = command(kernel, state, flatten=True)
    assert [type(e) for e in again] == [TradingStateChanged], "all of it is on its way"


def test_one_strategy_can_be_halted_alone():
    kernel = opened((OBEDIENT, strategy(OBEY, name="other")))
    command(kernel, "halted", strategy="other")
    decided = of_type(DecisionMade, turned(kernel, candles([LONG_AT])))
    assert [d.strategy for d in decided] == ["tested"]
    assert fold(kernel, "other") == bytes([SkipReason.TRADING_HALTED])


def test_one_strategy_can_be_flattened_alone():
    kernel = opened((OBEDIENT, strategy(OBEY, name="other")))
    for order in of_type(OrderRequested, turned(kernel, candles([LONG_AT]))):
        kernel.turn(filled(kernel, order))
    _, leaving = command(kernel, "halted", strategy="other", flatten=True)
    assert leaving.strategy == "other"


def test_back_to_active_lifts_all_that_was_set():
    drawdown = RiskConfig(protections=(Drawdown(Decimal("0.1"), "block"),))
    kernel = opened((OBEDIENT, strategy(OBEY, name="other")), risk=drawdown)
    command(kernel, "reducing")
    command(kernel, "halted", strategy="other")
    kernel.state.peak = Decimal(2_000_000)
    assert next_candles(kernel, LONG_AT) != []
    assert [h.cause for h in kernel.state.halts] == ["command", "command", "drawdown"]
    change, mark = command(kernel, "active")
    assert (change.state, change.cause) == ("active", "command")
    assert (kernel.state.halts, kernel.state.peak) == ([], mark.equity), "and a drawdown is measured anew"
    assert (mark.cause, mark.equity) == ("resumed", CASH)
    assert len(of_type(DecisionMade, next_candles(kernel, LONG_AT))) == 2


def test_back_to_active_for_one_strategy_leaves_what_holds_for_all():
    kernel = opened((OBEDIENT, strategy(OBEY, name="other")))
    command(kernel, "reducing")
    command(kernel, "halted", strategy="other")
    command(kernel, "active", strategy="other")
    assert [(h.strategy, h.state) for h in kernel.state.halts] == [("", "reducing")]


def contradicted(kernel, order):
    """The venue fills more than was ordered."""
    kernel.turn(OrderFilled(0, 1, order, "too much", Decimal(500), Decimal(9), Decimal(0), "USDT"))


def test_a_quarantine_ends_when_an_operator_says_so():
    kernel = opened()
    turned(kernel, candles([LONG_AT]))
    contradicted(kernel, 1)
    kernel.turn(OrderCanceled(0, 1, 1, "no liquidity"))
    assert next_candles(kernel, LONG_AT)[-1].reason == "quarantined_order"
    command(kernel, "active")
    assert isinstance(next_candles(kernel, LONG_AT)[-1], OrderRequested)


def test_a_quarantine_ends_for_the_strategy_that_was_looked_at():
    kernel = opened((OBEDIENT, strategy(OBEY, name="other")))
    turned(kernel, candles([LONG_AT]))
    contradicted(kernel, 1)
    contradicted(kernel, 2)
    command(kernel, "active", strategy="other")
    assert kernel.state.quarantined == [1]


def test_a_strategy_that_is_not_there_cannot_be_halted():
    kernel = opened()
    (refused,) = command(kernel, "halted", strategy="nobody")
    assert refused == CommandRefused(NOW, "SetTradingState", "no_such_strategy", "there are: tested")
    assert kernel.state.halts == []


# Cancels.


def test_an_order_is_canceled():
    kernel = resting()
    (wish,) = kernel.turn(CancelOrder(NOW, 1, 1, "ops"))
    assert wish == CancelRequested(NOW, "tested", "BTC/USDT", 1, "command")
    assert kernel.state.orders[1].state is OrderState.CANCELING
    kernel.turn(OrderCanceled(0, 1, 1, "requested"))
    assert position(kernel).direction == 0, "the model may want it again"


@pytest.mark.parametrize("order", [0, 1, 2, 9])
def test_what_is_not_live_or_is_being_canceled_is_not_canceled(order):
    """0 and 9 never were, 1 has ended, 2 is on its way out."""
    kernel = holding()
    next_candles(kernel, FLAT_AT)
    kernel.turn(CancelOrder(NOW, 2, 2, "ops"))
    before = kernel.fingerprint()
    refused = kernel.turn(CancelOrder(NOW, 2, order, "ops"))
    assert refused == (CommandRefused(NOW, "CancelOrder", "no_such_live_order", str(order)),)
    assert kernel.fingerprint() == before


# Cancels of all.


def cancel_all(kernel, *, strategy="", symbol=""):
    return list(kernel.turn(CancelAllOrders(NOW, kernel.state.ordinal, strategy, symbol, "ops")))


def crowded():
    """Two strategies have an entry and a stop each in two markets: orders 1 to 8, of which 2 is on its way out."""
    guarded = strategy(OBEY, entry=Entry("limit", Decimal("0.01")), exits=Exits(stop_loss=Decimal("0.1")))
    kernel = opened((guarded, replace(guarded, name="other")), BTC, ETH)
    requested = turned(kernel, merged(candles([LONG_AT]), candles([LONG_AT], of=ETH)))
    homes = {e.order: (e.strategy, e.symbol) for e in of_type(OrderRequested, requested)}
    assert len(homes) == 8
    kernel.turn(OrderUnknown(0, 1, 3, "timed out"))
    kernel.turn(CancelOrder(NOW, 1, 2, "ops"))
    return kernel, homes


@pytest.mark.parametrize("of", ["", "tested", "other"])
@pytest.mark.parametrize("symbol", ["", "BTC/USDT", "ETH/USDT"])
def test_all_that_a_command_covers_is_canceled_in_order_and_nothing_else(of, symbol):
    kernel, homes = crowded()
    wishes = cancel_all(kernel, strategy=of, symbol=symbol)
    covered = [n for n, (s, m) in homes.items() if s in (of, of or s) and m in (symbol, symbol or m) and n != 2]
    assert wishes == [CancelRequested(NOW, *homes[n], n, "command") for n in covered]
    states = {n: order.state is OrderState.CANCELING for n, order in kernel.state.orders.items()}
    assert states == {n: n in covered or n == 2 for n in homes}
    assert cancel_all(kernel, strategy=of, symbol=symbol) == [], "all of it is on its way"


def test_where_no_order_is_live_nothing_is_to_do():
    kernel = holding()
    before = kernel.fingerprint()
    assert cancel_all(kernel) == []
    assert kernel.fingerprint() == before


@pytest.mark.parametrize(
    ("where", "reason", "detail"),
    [
        ({"strategy": "nobody"}, "no_such_strategy", "there are: tested, other"),
        ({"symbol": "BTC"}, "no_such_market", "there are: BTC/USDT, ETH/USDT"),
        ({"strategy": "tested", "symbol": "BTC"}, "no_such_market", "there are: BTC/USDT, ETH/USDT"),
    ],
)
def test_what_is_not_there_has_no_orders_to_cancel(where, reason, detail):
    kernel, _ = crowded()
    before = kernel.fingerprint()
    assert cancel_all(kernel, **where) == [CommandRefused(NOW, "CancelAllOrders", reason, detail)]
    assert kernel.fingerprint() == before


# Amendments.


def test_an_amended_order_takes_the_place_of_the_first():
    kernel = resting(stop_loss=Decimal("0.1"))
    kernel.turn(OrderFilled(0, 1, 1, "a", Decimal(495), Decimal("0.5"), Decimal(0), "USDT"))
    (amended,) = amend(kernel, 1, price="490.5", quantity="1.5")
    assert (amended.ts, amended.order, amended.replaces, amended.candle) == (NOW, 3, 1, 1)
    assert (amended.price, amended.quantity, amended.side, amended.kind) == (
        Decimal("490.5"),
        Decimal("1.5"),
        "buy",
        "limit",
    )
    orders = kernel.state.orders
    assert (orders[1].state, orders[3].filled, orders[3].left) == (OrderState.CANCELING, Decimal("0.5"), 1)
    kernel.turn(OrderCanceled(0, 1, 1, "replaced"))
    kernel.turn(OrderFilled(0, 1, 3, "b", Decimal(490), Decimal(1), Decimal(0), "USDT"))
    assert (position(kernel).quantity, position(kernel).live) == (Decimal("1.5"), [2])


def test_what_is_not_named_stays():
    kernel = resting(stop_loss=Decimal("0.1"), stop_limit=Decimal("0.01"))
    before = kernel.state.orders[2].request
    (amended,) = amend(kernel, 2, trigger="460")
    assert (amended.trigger, amended.price, amended.quantity) == (460, before.price, before.quantity)
    same = ("side", "kind", "purpose", "reduce_only", "parent", "group")
    assert [getattr(amended, name) for name in same] == [getattr(before, name) for name in same]


def test_a_fill_that_crosses_the_amendment_counts_for_both():
    kernel = resting()
    amend(kernel, 1, price="490")
    kernel.turn(OrderFilled(0, 1, 1, "a", Decimal(495), Decimal("0.5"), Decimal(0), "USDT"))
    kernel.turn(OrderCanceled(0, 1, 1, "replaced"))
    kernel.turn(OrderFilled(0, 1, 2, "b", Decimal(490), Decimal("1.5"), Decimal(0), "USDT"))
    assert position(kernel).live == []


@pytest.mark.parametrize(
    ("order", "change", "reason", "detail"),
    [
        (9, {"price": "490"}, "no_such_live_order", "9"),
        (3, {"price": "490"}, "no_such_live_order", "3"),  # it is being canceled
        (1, {"trigger": "490"}, "no_trigger", "a limit order has none"),
        (2, {"price": "490"}, "no_price", "a stop_market order has none"),
        (1, {"price": "490.001"}, "invalid_price", "490.001 is no multiple of 0.01"),
        (1, {"price": "0"}, "invalid_price", "0 is no multiple of 0.01"),
        (1, {"price": "-1"}, "invalid_price", "-1 is no multiple of 0.01"),
        (2, {"trigger": "440.005"}, "invalid_trigger", "440.005 is no multiple of 0.01"),
        (1, {"price": "NaN"}, "invalid_price", LONG),
        (1, {"price": "1E+20"}, "invalid_price", LONG),
        (2, {"trigger": "1E-19"}, "invalid_trigger", LONG),
        (1, {"quantity": "Infinity"}, "invalid_quantity", LONG),
        (1, {"quantity": "2.001"}, "more_than_approved", "2.001 > 2"),
        (1, {"quantity": "0.5"}, "invalid_quantity", "0.5 is filled; lots are 0.001"),
        (1, {"quantity": "1.0005"}, "invalid_quantity", "0.5 is filled; lots are 0.001"),
        (1, {"quantity": "-1"}, "invalid_quantity", "0.5 is filled; lots are 0.001"),
    ],
)
def test_an_amendment_that_cannot_be_is_refused(order, change, reason, detail):
    kernel = resting(stop_loss=Decimal("0.1"), take_profit=Decimal("0.1"))
    kernel.turn(OrderFilled(0, 1, 1, "a", Decimal(495), Decimal("0.5"), Decimal(0), "USDT"))
    kernel.turn(CancelOrder(NOW, 1, 3, "ops"))
    before = kernel.fingerprint()
    assert amend(kernel, order, **change) == (CommandRefused(NOW, "AmendOrder", reason, detail),)
    assert kernel.fingerprint() == before


def test_an_order_of_which_nothing_is_known_can_still_be_canceled_and_amended():
    kernel = resting()
    kernel.turn(OrderUnknown(0, 1, 1, "timed out"))
    assert [e.replaces for e in amend(kernel, 1, quantity="1")] == [1]
    kernel.turn(OrderUnknown(0, 1, 2, "timed out"))
    assert [e.order for e in kernel.turn(CancelOrder(NOW, 1, 2, "ops"))] == [2]

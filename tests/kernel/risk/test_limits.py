"""Each limit just inside and just outside, long and short, of a strategy and of the account; what none holds back."""

from decimal import Decimal

import msgspec
import pytest

from kernel.limits import Limits
from kernel.money import multiply, subtract
from kernel.orders import TERMINAL, OrderState
from kernel.risk.approve import Approved, Refusal, Risk
from kernel.risk.checks import CHECKS
from tests.kernel.risk.made import MINUTE, NOW, account, end, hold, send, wish

LEAST = Decimal("1E-9")
LIVE = sorted(set(OrderState) - TERMINAL)
NO_LIMITS = Limits()


def judge(state, asked, *, own=NO_LIMITS, all_together=NO_LIMITS):
    return Risk(all_together, {"a": own, "b": NO_LIMITS}).approve(state, asked)


def reason(state, asked, **limits):
    judged = judge(state, asked, **limits)
    return judged.reason if isinstance(judged, Refusal) else "approved"


# Both strategies hold and order something; `a` wants 5 BTC, and has 2 and another 1 at 90 on the way: it buys 2 at 100.
FIGURES = [
    ("max_position", "5", "4"),  # b is short of 1
    ("max_order_notional", "200", "200"),
    ("max_symbol_notional", "490", "390"),  # 200 + 90 + 200; b: -100
    ("max_gross_exposure", "540", "658"),  # and 5 ETH short at 10; b: 100, and 2 ETH at 9
    ("max_net_exposure", "440", "340"),  # b's order for ETH would take back: nobody counts on it
    ("max_leverage", "0.054", "0.0658"),
    ("max_open_orders", 4, 5),
]


def busy(sign, told=OrderState.OPEN):
    state = account()
    for strategy, symbol, quantity in (("a", "BTC/USDT", 2), ("a", "ETH/USDT", -5), ("b", "BTC/USDT", -1)):
        hold(state, strategy, symbol, sign * quantity)
    send(state, "a", "BTC/USDT", sign, price="90", told=told)
    send(state, "b", "ETH/USDT", -2 * sign, trigger="9", told=told)
    return state


@pytest.mark.parametrize("told", LIVE)
@pytest.mark.parametrize("sign", [1, -1], ids=["long", "short"])
@pytest.mark.parametrize(("limit", "own", "all_together"), FIGURES)
def test_a_limit_holds_to_the_last_digit(limit, own, all_together, sign, told):
    asked = wish(5 * sign, orders=3)
    for scope, figure in (("own", own), ("all_together", all_together)):
        just = type(figure)(figure) if isinstance(figure, int) else Decimal(figure)
        less = just - 1 if isinstance(just, int) else subtract(just, LEAST)
        inside, outside = ({scope: Limits(**{limit: bound})} for bound in (just, less))
        assert judge(busy(sign, told), asked, **inside) == Approved(Decimal(5 * sign), Decimal(2 * sign))
        refused = judge(busy(sign, told), asked, **outside)
        assert refused.reason == limit


def test_the_table_of_limits_is_complete():
    aged = {"max_candle_age_minutes"}  # asked before all others: stale_data
    assert list(CHECKS) == [name for name in Limits.__struct_fields__ if name not in aged]


def test_a_refusal_says_how_much_and_whose_limit_it_was():
    state = account()
    refused = judge(state, wish("1.50"), own=Limits(max_order_notional=Decimal("100.10")))
    assert refused == Refusal("max_order_notional", "150 > 100.1 USDT (strategy a)")
    refused = judge(state, wish(2), all_together=Limits(max_open_orders=0))
    assert refused == Refusal("max_open_orders", "0 + 1 > 0 orders live (account)")


def test_a_strategy_is_asked_before_the_account_and_limits_in_the_order_of_their_fields():
    low = Limits(max_order_notional=Decimal(1), max_position=Decimal(1), max_open_orders=0)
    assert reason(account(), wish(5), own=low) == "max_position"
    later = Limits(max_open_orders=0)
    assert reason(account(), wish(5), own=later, all_together=low) == "max_open_orders"


def test_a_strategy_without_limits_of_its_own_has_those_of_the_account():
    risk = Risk(Limits(max_position=Decimal(1), max_candle_age_minutes=1), {})
    assert risk.approve(account(), wish(2)).reason == "max_position"
    assert risk.approve(account(), wish(1, ts=NOW + 2 * MINUTE)).reason == "stale_data"


def test_a_notional_limit_is_in_the_currency_of_the_account():
    state = account()  # 0.1 BTC for 1 ETH, 100 USDT for 1 BTC
    assert reason(state, wish(10, symbol="ETH/BTC"), own=Limits(max_order_notional=Decimal(100))) == "approved"
    assert (
        reason(state, wish(11, symbol="ETH/BTC"), own=Limits(max_order_notional=Decimal(100))) == "max_order_notional"
    )


def test_an_entry_counts_at_its_own_price():
    limits = Limits(max_order_notional=Decimal(180))
    assert reason(account(), wish(2, price="90"), own=limits) == "approved"
    assert reason(account(), wish(2, price="90.01"), own=limits) == "max_order_notional"


# Counts, prices and time.


def test_orders_are_counted_for_a_minute():
    """Its own within it are two, one of them ended; one was a minute ago, and one of the four is another's."""
    state = account()
    for strategy, ago in (("a", 60), ("a", 59), ("b", 30), ("a", 0)):
        number = send(state, strategy, "ETH/USDT", 1, price="1", ts=NOW - ago * MINUTE // 60)
        if ago != 0:
            end(state, number)
    for scope, sent in (("own", 2), ("all_together", 3)):
        just, less = ({scope: Limits(max_orders_per_minute=bound)} for bound in (sent + 2, sent + 1))
        assert reason(state, wish(1, orders=2), **just) == "approved"
        assert reason(state, wish(1, orders=2), **less) == "max_orders_per_minute"
        assert reason(state, wish(1, orders=2, ts=NOW + MINUTE // 60), **less) == "approved"


def test_an_order_that_is_remembered_no_more_may_have_been_its_own():
    state = account()
    end(state, send(state, "b", "ETH/USDT", 1))
    assert reason(state, wish(1), own=Limits(max_orders_per_minute=1)) == "approved"
    state.ended.clear()
    assert reason(state, wish(1), own=Limits(max_orders_per_minute=1)) == "max_orders_per_minute"


@pytest.mark.parametrize(
    ("prices", "expected"),
    [
        ([], "approved"),
        (["95", "105"], "approved"),
        (["100", "94.99"], "price_band"),
        (["105.01", "100"], "price_band"),
    ],
)
def test_every_price_is_within_the_band(prices, expected):
    for scope in ("own", "all_together"):
        assert reason(account(), wish(1, prices=prices), **{scope: Limits(price_band=Decimal("0.05"))}) == expected


@pytest.mark.parametrize("scope", ["own", "all_together"])
def test_a_candle_is_fresh_up_to_its_age(scope):
    limits = {scope: Limits(max_candle_age_minutes=5)}
    assert reason(account(), wish(1, ts=NOW + 5 * MINUTE), **limits) == "approved"
    refused = judge(account(), wish(1, ts=NOW + 5 * MINUTE + 1), **limits)
    assert refused == Refusal("stale_data", "the last candle closed at 1970-01-01T16:40:00Z, more than 5 minutes ago")


def test_the_younger_of_two_ages_counts():
    both = {"own": Limits(max_candle_age_minutes=9), "all_together": Limits(max_candle_age_minutes=2)}
    assert reason(account(), wish(1, ts=NOW + 3 * MINUTE), **both) == "stale_data"


# What the account itself allows.


@pytest.mark.parametrize(("cash", "expected"), [("300.8005", "approved"), ("300.8004", "insufficient_cash")])
def test_a_purchase_and_its_fee_are_paid_from_what_live_purchases_leave(cash, expected):
    """2 x 100, and 1 x 100.50 that is on its way, with 0.1 % on both: 200.2 + 100.6005."""
    state = account(kind="cash", cash=cash, fee_rate="0.001")
    send(state, "b", "BTC/USDT", 2, price="100.50", filled="1", told=OrderState.UNKNOWN)
    send(state, "b", "ETH/BTC", 1)  # is paid in BTC
    send(state, "b", "BTC/USDT", -1, price="101")
    assert reason(state, wish(2)) == expected


def test_too_little_cash_is_told_with_the_figures():
    refused = judge(account(kind="cash", cash="100.50", fee_rate="0.01"), wish(1))
    assert refused == Refusal("insufficient_cash", "101 USDT needed, 100.5 free")


@pytest.mark.parametrize("sign", [1, -1], ids=["long", "short"])
@pytest.mark.parametrize(("target", "expected"), [("22", "approved"), ("22.001", "insufficient_margin")])
def test_margin_bears_the_net_of_each_symbol(sign, target, expected):
    """2 x 1000 = 100 for ETH and 100 x (5 + 17 - 3) for BTC."""
    state = account(cash="1000", leverage="2")
    for strategy, symbol, quantity in (("a", "BTC/USDT", 5), ("b", "BTC/USDT", -3), ("b", "ETH/USDT", 10)):
        hold(state, strategy, symbol, sign * quantity)
    assert reason(state, wish(multiply(Decimal(sign), Decimal(target)))) == expected


def test_margin_bears_the_worse_of_what_other_orders_can_do():
    state = account(cash="1000", leverage="1")
    hold(state, "b", "ETH/USDT", 10)
    send(state, "b", "ETH/USDT", -40, told=OrderState.CANCELING)  # to -300
    assert reason(state, wish(7)) == "approved"
    assert reason(state, wish("7.001")) == "insufficient_margin"


def test_an_account_without_worth_enters_nothing_on_margin():
    state = account(cash="0")
    assert judge(state, wish(1)) == Refusal("insufficient_margin", "100 > 0 USDT")


@pytest.mark.parametrize("kind", ["cash", "margin"])
def test_a_quote_asset_needs_a_price(kind):
    state = account(kind=kind)
    state.markets["BTC/USDT"].last = 0
    assert reason(state, wish(1, symbol="ETH/BTC")) == "stale_data"


def test_what_is_held_needs_a_price_where_the_worth_of_the_account_counts():
    """A cash account without a limit of its leverage does not ask."""
    for kind, limits, expected in (
        ("cash", NO_LIMITS, "approved"),
        ("cash", Limits(max_leverage=Decimal(1)), "max_leverage"),
        ("margin", NO_LIMITS, "stale_data"),
    ):
        state = account(kind=kind)
        state.balances["BNB"] = Decimal(1)
        assert reason(state, wish(1), own=limits) == expected


@pytest.mark.parametrize("gone", [False, True], ids=["live", "ended"])
@pytest.mark.parametrize("kind", ["cash", "margin"])
def test_a_quarantined_order_keeps_its_strategy_out_of_its_market(kind, gone):
    state = account(kind=kind)
    number = send(state, "a", "BTC/USDT", 1)
    state.quarantined.append(number)
    if gone:
        end(state, number)
    assert reason(state, wish(2)) == "quarantined_order"
    assert reason(state, wish(2, strategy="b")) == "approved"
    assert reason(state, wish(2, symbol="ETH/USDT")) == "approved"


def test_a_quarantined_order_that_is_remembered_no_more_may_be_anybodys():
    state = account()
    state.quarantined.append(7)
    assert reason(state, wish(1, strategy="b")) == "quarantined_order"


# The order of the questions.


def test_the_first_that_fails_is_told():
    """Each line mends what the line before was refused for."""
    impossible = Limits(max_position=Decimal(0), max_candle_age_minutes=0)
    state = account(kind="cash", cash="0", min_notional="20", lot="0.1")
    state.quarantined.append(1)
    late = {"ts": NOW + 1, "strategy": "a"}
    told = [reason(state, wish(target, **late), own=impossible) for target in ("0.09", "-0.1", "0.1", "0.2")]
    assert told == ["below_one_lot", "short_not_allowed", "below_min_notional", "stale_data"]
    assert reason(state, wish("0.2"), own=impossible) == "insufficient_cash"
    state.balances["USDT"] = Decimal(20)
    assert reason(state, wish("0.2"), own=impossible) == "quarantined_order"
    state.quarantined.clear()
    assert reason(state, wish("0.2"), own=impossible) == "max_position"
    assert reason(state, wish("0.2")) == "approved"


# Leaving.

NOTHING_ALLOWED = Limits(**{name: 0 if "orders" in name or "age" in name else Decimal(0) for name in CHECKS})


@pytest.mark.parametrize("sign", [1, -1], ids=["long", "short"])
@pytest.mark.parametrize(("target", "change"), [("0", "-4"), ("1", "-3"), ("3.999", "-0.001")])
def test_no_limit_holds_an_exit_back(sign, target, change):
    state = account(leverage="0.0001")
    hold(state, "a", "BTC/USDT", 4 * sign)
    state.quarantined.append(send(state, "a", "BTC/USDT", sign, parent=9))
    state.markets["BTC/USDT"].ts = 0
    way = Decimal(sign)
    asked = wish(multiply(way, Decimal(target)), prices=["1"])
    judged = judge(state, asked, own=NOTHING_ALLOWED, all_together=NOTHING_ALLOWED)
    assert judged == Approved(asked.target, multiply(way, Decimal(change)))


@pytest.mark.parametrize("sign", [1, -1], ids=["long", "short"])
def test_no_limit_holds_back_what_takes_an_entry_back_that_is_not_filled_yet(sign):
    state = account()
    send(state, "a", "BTC/USDT", sign, told=OrderState.UNKNOWN)
    judged = judge(state, wish(0), own=NOTHING_ALLOWED, all_together=NOTHING_ALLOWED)
    assert judged == Approved(Decimal(0), Decimal(-sign))


@pytest.mark.parametrize("sign", [1, -1], ids=["long", "short"])
def test_to_stay_as_large_as_it_is_is_no_exit(sign):
    state = account()
    hold(state, "a", "BTC/USDT", 4 * sign)
    send(state, "a", "BTC/USDT", sign, told=OrderState.UNKNOWN)
    assert judge(state, wish(4 * sign)) == Approved(Decimal(4 * sign), Decimal(-sign))
    assert reason(state, wish(4 * sign), own=Limits(max_open_orders=0)) == "max_open_orders"


@pytest.mark.parametrize("target", ["-1", "4.001", "-4"], ids=["turned over", "grown", "as large on the other side"])
@pytest.mark.parametrize("sign", [1, -1], ids=["long", "short"])
def test_what_goes_on_beyond_flat_or_grows_is_an_entry(sign, target):
    state = account()
    hold(state, "a", "BTC/USDT", 4 * sign)
    asked = wish(multiply(Decimal(sign), Decimal(target)))
    assert reason(state, asked, own=Limits(max_open_orders=0)) == "max_open_orders"


def test_a_turn_answers_for_where_it_leads_not_for_where_it_comes_from():
    state = account()
    hold(state, "a", "BTC/USDT", 4)
    limits = Limits(max_position=Decimal(1), max_gross_exposure=Decimal(100), max_net_exposure=Decimal(100))
    assert reason(state, wish(-1), own=limits) == "approved"
    assert reason(state, wish("-1.001"), own=limits) == "max_position"


def test_a_purchase_is_no_exit_from_a_long_position():
    """A sale of 3 may or may not have reached the venue; to hold 1 of the 2 then, 2 must be bought."""
    state = account()
    hold(state, "a", "BTC/USDT", 2)
    send(state, "a", "BTC/USDT", -3, told=OrderState.UNKNOWN)
    assert judge(state, wish(1)) == Approved(Decimal(1), Decimal(2))
    assert reason(state, wish(1), own=Limits(max_position=Decimal(3))) == "max_position"


# How much is to be traded.


@pytest.mark.parametrize(
    ("orders", "change"),
    [
        ([], "3"),
        ([("1", {})], "2"),
        ([("2", {"filled": "0.5"})], "1.5"),
        ([("-1", {"told": OrderState.CANCELING})], "4"),
        ([("-2", {"parent": 1, "trigger": "90"})], "3"),
        ([("1", {"price": "90"}), ("1", {"price": "91", "replaces": 1})], "2"),
    ],
    ids=["nothing live", "an entry", "its rest", "a sale", "a stop", "an order and the one that replaces it"],
)
def test_live_orders_count_as_filled(orders, change):
    state = account()
    hold(state, "a", "BTC/USDT", 1)
    for quantity, more in orders:
        send(state, "a", "BTC/USDT", quantity, **more)
    send(state, "b", "BTC/USDT", 5)
    send(state, "a", "ETH/USDT", 5)
    assert judge(state, wish(4)) == Approved(Decimal(4), Decimal(change))


@pytest.mark.parametrize(("target", "change"), [("1.0019", "1.001"), ("-1.0019", "-1.001")])
def test_a_change_is_whole_lots_toward_zero(target, change):
    assert judge(account(), wish(target)) == Approved(Decimal(target), Decimal(change))


@pytest.mark.parametrize(("price", "expected"), [(None, "approved"), ("99.99", "below_min_notional")])
def test_a_notional_is_taken_at_the_price_of_the_entry(price, expected):
    assert reason(account(min_notional="100"), wish(1, price=price)) == expected
    assert reason(account(min_notional="100"), wish(-1, price=price)) == expected


def test_a_notional_that_is_too_small_is_told_without_its_sign():
    refused = judge(account(min_notional="100"), wish("-0.5"))
    assert refused == Refusal("below_min_notional", "50 < 100 USDT")


# What cannot be configured.


@pytest.mark.parametrize("text", ['{"max_position":"-1"}', '{"max_open_orders":-1}', '{"max_positions":"1"}'])
def test_a_limit_that_makes_no_sense_is_refused(text):
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(text, type=Limits)

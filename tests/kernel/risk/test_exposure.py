"""What is at stake, beside a listing of every way in which the venue can fill what is live."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.errors import InvariantBroken
from kernel.orders import TERMINAL, OrderState
from kernel.risk.exposure import exposure, net_notionals, quantity_reach, quote_rate
from tests.kernel.risk.drawn import accounts
from tests.kernel.risk.made import account, hold, outcomes, send, sums

LIVE = sorted(set(OrderState) - TERMINAL)


@pytest.mark.parametrize("told", LIVE)
def test_an_entry_counts_from_its_request_to_its_end(told):
    state = account()
    send(state, "a", "BTC/USDT", "3", filled="1", told=told)
    assert exposure(state, ["a"]) == (200, 0, 200)


@pytest.mark.parametrize(
    ("prices", "worth"),
    [({}, 100), ({"price": "90"}, 90), ({"trigger": "110"}, 110), ({"price": "112", "trigger": "110"}, 112)],
)
def test_an_entry_counts_at_its_limit_else_its_trigger_else_the_last_close(prices, worth):
    state = account()
    send(state, "a", "BTC/USDT", "1", **prices)
    assert exposure(state, ["a"]).gross == worth


@pytest.mark.parametrize("protective", [{"parent": 1}, {"reduce_only": True}])
def test_what_only_takes_back_adds_nothing(protective):
    state = account()
    hold(state, "a", "BTC/USDT", "1")
    send(state, "a", "BTC/USDT", "-1", trigger="95", **protective)
    assert exposure(state, state.books) == (100, 100, 100)


def test_nobody_counts_on_an_order_that_would_take_back():
    """It may be canceled yet, or never have arrived."""
    state = account()
    hold(state, "a", "BTC/USDT", "2")
    send(state, "a", "BTC/USDT", "-3", told=OrderState.UNKNOWN)
    assert exposure(state, ["a"]) == (200, -100, 200)
    assert exposure(state, ["a"]).net == 200


def test_orders_of_both_sides_count_each_on_its_own():
    state = account()
    position = hold(state, "a", "BTC/USDT", "1")
    for quantity in ("-4", "2", "-1", "3"):
        send(state, "a", "BTC/USDT", quantity, price="90")
    assert quantity_reach(state, position) == (-4, 6)
    assert exposure(state, ["a"]) == (550, -350, 550)


def test_a_net_that_can_end_as_far_on_either_side_is_told_as_long():
    state = account()
    for quantity in ("-1", "1"):
        send(state, "a", "BTC/USDT", quantity)
    assert exposure(state, ["a"]).net == 100


@pytest.mark.parametrize(("quantity", "net"), [("3", 300), ("-3", -300)])
def test_the_net_has_a_sign(quantity, net):
    state = account()
    hold(state, "a", "BTC/USDT", quantity)
    assert exposure(state, ["a"]).net == net


def test_strategies_of_one_symbol_are_gross_apart_and_net_together():
    state = account()
    hold(state, "a", "BTC/USDT", "2")
    hold(state, "b", "BTC/USDT", "-2")
    assert exposure(state, state.books) == (400, 0, 0)
    assert net_notionals(state, state.books) == {"BTC/USDT": (0, 0)}
    assert exposure(state, ["b"]).net == -200


def test_a_market_in_another_quote_asset_counts_in_the_currency_of_the_account():
    state = account()
    hold(state, "a", "ETH/BTC", "20")
    assert quote_rate(state, state.markets["ETH/BTC"]) == 100
    assert exposure(state, ["a"]).gross == 200


def test_a_quote_asset_without_a_price_has_no_rate_and_nothing_can_be_held_in_it():
    state = account()
    state.markets["BTC/USDT"].last = 0
    assert quote_rate(state, state.markets["ETH/BTC"]) is None
    hold(state, "a", "ETH/BTC", "20")
    with pytest.raises(InvariantBroken, match="ETH/BTC is held, and BTC has no price yet"):
        exposure(state, ["a"])


@given(accounts(), st.sampled_from([("a",), ("b",), ("a", "b")]))
def test_every_figure_is_the_worst_that_can_happen(state, strategies):
    gross, nets = Fraction(0), []
    for parts in outcomes(state, strategies):
        _, notionals = sums(parts, lambda name, symbol: (name, symbol))
        gross = max(gross, sum(map(abs, notionals.values())))
        nets.append(sum(notionals.values()))
    found = exposure(state, strategies)
    assert (gross, min(nets), max(nets)) == tuple(map(Fraction, found))
    assert abs(Fraction(found.net)) == max(map(abs, nets))


@given(accounts())
def test_the_reach_in_base_units_is_the_worst_that_can_happen(state):
    for name, book in state.books.items():
        ends = {symbol: [] for symbol in book.positions}
        for parts in outcomes(state, (name,)):
            for symbol, quantity in sums(parts, lambda _, symbol: symbol)[0].items():
                ends[symbol].append(quantity)
        for symbol, position in book.positions.items():
            assert tuple(map(Fraction, quantity_reach(state, position))) == (min(ends[symbol]), max(ends[symbol]))

"""How large a position is: each kind beside the same in fractions, and a kernel that orders what it says."""

from decimal import Decimal
from fractions import Fraction
from math import inf, nan

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kernel.events import OrderRequested, RiskRefused
from kernel.features.declaration import feature
from kernel.messages import OrderFilled
from kernel.money import from_units, is_multiple
from kernel.sizing import CappedKelly, FixedFraction, FixedNotional, Stake, VolatilityTarget, quantity_of
from tests.kernel.given import (
    BTC,
    CASH,
    FLAT_AT,
    LONG_AT,
    OBEY,
    SHORT_AT,
    account,
    candles,
    filled,
    instrument,
    next_candles,
    of_type,
    opened,
    strategy,
    turned,
)

worths = st.builds(from_units, st.integers(-(10**9), 10**12), st.integers(0, 8))
prices = st.builds(from_units, st.integers(1, 10**10), st.integers(0, 8))
positive = st.builds(from_units, st.integers(1, 50_000), st.just(4))
chances = st.floats(0.0, 1.0)
volatilities = st.floats(1e-9, 100.0)


def nine(number: float) -> Fraction:
    """A float as it becomes money: its shortest text, half to even at the ninth decimal."""
    return Fraction(round(Fraction(repr(number)) * 10**9), 10**9)


def agrees(sizing, stake, share: Fraction):
    """`share` of the equity at the price, never below zero; each of the quotients is rounded down at most once."""
    exact = max(Fraction(0), share * Fraction(stake.equity) / Fraction(stake.price))
    found = Fraction(quantity_of(sizing, stake))
    slack = Fraction(1, 10**18) * (1 + 2 * abs(Fraction(stake.equity)) / Fraction(stake.price))
    assert found >= 0
    assert abs(found - exact) <= slack


@given(positive, worths, prices)
def test_a_fixed_notional_is_its_worth(notional, equity, price):
    found = Fraction(quantity_of(FixedNotional(notional), Stake(equity, price, 1.0, 0.0)))
    assert 0 <= Fraction(notional) / Fraction(price) - found < Fraction(1, 10**18)


@given(positive, worths, prices)
def test_a_fixed_fraction_is_its_share(fraction, equity, price):
    agrees(FixedFraction(fraction), Stake(equity, price, 1.0, 0.0), Fraction(fraction))


@given(positive, volatilities, positive, worths, prices)
def test_a_volatility_target_grows_as_the_market_calms_down(target, volatility, most, equity, price):
    sizing, stake = VolatilityTarget(target, "v", most), Stake(equity, price, 1.0, volatility)
    agrees(sizing, stake, min(Fraction(target) / nine(volatility), Fraction(most)))
    wilder = stake._replace(volatility=2 * volatility)
    assert quantity_of(sizing, wilder) <= quantity_of(sizing, stake)


@pytest.mark.parametrize("volatility", [0.0, -1.0, nan, inf, 1e300, 1e-12])
def test_without_a_volatility_there_is_no_size(volatility):
    stake = Stake(Decimal(1000), Decimal(10), 1.0, volatility)
    assert quantity_of(VolatilityTarget(Decimal("0.01"), "v"), stake) == 0


@given(chances, positive, positive, positive, worths, prices)
@example(1.0, Decimal(1), Decimal("0.5"), Decimal(1), Decimal(1000), Decimal(10))
@example(0.5, Decimal(1), Decimal("0.5"), Decimal(1), Decimal(1000), Decimal(10))
def test_kelly_bets_what_the_odds_are_worth(chance, payoff, scale, most, equity, price):
    p = nine(chance)
    share = Fraction(scale) * (p - (1 - p) / Fraction(payoff))
    stake = Stake(equity, price, chance, 0.0)
    slack = Fraction(scale) / 10**18  # of the one quotient before
    found = Fraction(quantity_of(CappedKelly(payoff, scale, most), stake)) * Fraction(price)
    exact = max(Fraction(0), max(Fraction(0), min(share, Fraction(most))) * Fraction(equity))
    assert abs(found - exact) <= abs(Fraction(equity)) * slack + Fraction(price) / 10**18
    if share <= 0:
        assert found <= abs(Fraction(equity)) * slack


# In a kernel.


def sized(sizing, *features, **more):
    return strategy(OBEY, features, sizing=sizing, **more)


@pytest.mark.parametrize(
    ("sizing", "worth"),
    [
        (FixedNotional(Decimal(1000)), 1000),
        (FixedFraction(Decimal("0.25")), 250_000),
        (CappedKelly(Decimal(2), max_fraction=Decimal("0.125")), 125_000),  # sure of it: half of everything, capped
        (CappedKelly(Decimal(2)), 500_000),
    ],
)
def test_an_order_is_the_size_in_whole_lots(sizing, worth):
    (_, order) = turned(opened(sized(sizing)), candles([LONG_AT]))
    assert order.quantity <= Fraction(worth) / Fraction("500.01") < order.quantity + BTC.lot
    assert is_multiple(BTC.lot, order.quantity)


def test_a_short_is_as_large_as_a_long():
    kernels = [opened(sized(FixedNotional(Decimal(1000))), account_of=account(kind="margin")) for _ in range(2)]
    (_, long), (_, short) = (turned(k, candles([at])) for k, at in zip(kernels, (500_01, 500_03), strict=True))
    assert (long.side, short.side) == ("buy", "sell")
    assert abs(long.quantity - short.quantity) <= BTC.lot


def test_a_size_follows_the_volatility_feature():
    """Twenty percent in three candles is ten times two percent."""
    declared = feature("move", "roc", period=3)
    calm, wild = (opened(sized(VolatilityTarget(Decimal("0.001"), "move"), declared)) for _ in range(2))
    (small,) = of_type(OrderRequested, turned(wild, candles([500_00, 500_10, 500_20, 600_01])))
    (large,) = of_type(OrderRequested, turned(calm, candles([500_00, 500_10, 500_20, 510_01])))
    moves = Fraction(100_01, 500_00), Fraction(10_01, 500_00)
    for order, move, price in ((small, moves[0], "600.01"), (large, moves[1], "510.01")):
        exact = Fraction(CASH) * Fraction("0.001") / move / Fraction(price)
        assert abs(Fraction(order.quantity) - exact) < 2 * BTC.lot


def test_without_a_volatility_yet_the_entry_is_refused():
    flat = sized(VolatilityTarget(Decimal("0.001"), "move"), feature("move", "roc", period=1))
    refused = of_type(RiskRefused, turned(opened(flat), candles([LONG_AT, LONG_AT])))
    assert [r.reason for r in refused] == ["below_one_lot"]


def test_equity_is_that_of_the_moment():
    kernel = opened(sized(FixedFraction(Decimal("0.5"))))
    _, bought = turned(kernel, candles([LONG_AT]))
    kernel.turn(filled(kernel, bought, "500.01"))
    _, sold = next_candles(kernel, 250_02)  # half of the equity is held in bitcoin, which lost half: a quarter is gone
    kernel.turn(filled(kernel, sold, "250.02"))
    _, again = next_candles(kernel, 250_01)
    assert abs(Fraction(again.quantity) - Fraction(750_000) / 2 / Fraction("250.01")) < Fraction(1, 10)


def test_a_price_in_another_asset_is_converted():
    """One ETH is 0.1 BTC, one BTC 500: a quarter of a million is 5,000 ETH."""
    pair = instrument("ETH/BTC")
    wants = sized(FixedFraction(Decimal("0.25")), symbols=("ETH/BTC",))
    rich = account((BTC,), CASH)
    kernel = opened(wants, BTC, pair, account_of=rich)
    events = turned(kernel, [*candles([500_00]), *candles([11], of=pair)])
    refused = of_type(RiskRefused, events)
    assert [r.reason for r in refused] == ["insufficient_cash"]
    assert refused[0].target == Decimal("4545.454"), "250,000 / (0.11 x 500)"


@pytest.mark.parametrize("wish", [LONG_AT, SHORT_AT])
def test_a_size_of_nothing_is_refused(wish):
    kernel = opened(sized(FixedNotional(Decimal("0.1"))), account_of=account(kind="margin"))
    _, refused = turned(kernel, candles([wish]))
    assert (refused.reason, refused.target) == ("below_one_lot", 0)


def test_a_refused_size_leaves_a_position_as_it_is():
    kernel = opened(sized(FixedNotional(Decimal(1000))), instrument("BTC/USDT", min_notional=Decimal(60)))
    _, order = turned(kernel, candles([LONG_AT]))
    kernel.turn(OrderFilled(0, 1, 1, "t1", Decimal("500.01"), order.quantity, Decimal(0), "USDT"))
    decision, leaving = next_candles(kernel, FLAT_AT)
    assert (decision.target, leaving.quantity) == (0, order.quantity)

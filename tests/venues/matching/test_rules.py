"""Prices as integers, costs as money: exact, on the tick, and never in the trader's favour."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.money import from_units, is_multiple
from tests.venues.matching.given import holdings, market, request, rules_of

ticks = st.sampled_from(["0.001", "0.005", "0.01", "0.25", "1", "5", "1E+1"])
sides = st.sampled_from(["buy", "sell"])
rates = st.integers(0, 900).map(lambda units: from_units(units, 4))


@given(ticks, st.integers(0, 4), st.integers(1, 10**9))
def test_a_price_on_the_tick_survives_as_an_integer(tick, decimals, steps):
    rules = rules_of(market(tick, decimals))
    price = Decimal(tick) * steps
    assert rules.price(rules.units(price)) == price
    assert rules.price(steps * rules.factor) == from_units(steps, decimals), "a candle's price is one of them"


@given(ticks, st.integers(1, 10**7), sides, rates, rates, rates, st.integers(1, 50), st.integers(0, 100))
def test_a_taker_pays_the_shares_of_the_price_and_the_rest_of_a_tick(
    tick, units, side, slip, spread, impact, size, volume
):
    rules = rules_of(market(tick, 2), slippage_rate=slip, spread_rate=spread, impact_rate=impact)
    price, way = from_units(units, 2), 1 if side == "buy" else -1
    share = Fraction(slip) + Fraction(spread) / 2 + (Fraction(impact) * size / volume if volume else 0)
    wanted = Fraction(price) * (1 + way * share)
    got = rules.slipped(side, price, Decimal(size), volume)
    if share == 0:
        assert got == price, "undisturbed, even off the tick"
    elif side == "sell" and wanted < Fraction(tick):
        assert got == Decimal(tick), "never below one tick"
    else:
        assert is_multiple(Decimal(tick), got)
        assert -Fraction(1, 10**9) < way * (Fraction(got) - wanted) < Fraction(tick)


@given(ticks, st.integers(1, 10**6), sides, st.integers(1, 99).map(lambda n: from_units(n, 2)))
def test_a_trailing_level_is_on_the_tick_and_further_from_the_best_price_than_asked(tick, best, side, rate):
    rules = rules_of(market(tick, 2))
    trailing = request(side=side, kind="trailing_stop", trail_rate=rate)
    units = best * rules.factor
    level, price = rules.price(rules.trail_level(trailing, units)), rules.price(units)
    distance = (price - level) if side == "sell" else (level - price)
    assert is_multiple(Decimal(tick), level)
    assert 0 <= distance - price * rate < Decimal(tick)


def test_a_trail_need_not_be_on_the_tick():
    rules = rules_of(market("0.5", 1))
    trailing = request(side="sell", kind="trailing_stop", trail="1.3")
    assert rules.price(rules.trail_level(trailing, rules.units(Decimal(100)))) == Decimal("98.5")


@pytest.mark.parametrize(
    ("asset", "side", "fee"),
    [
        ("", "buy", ("1.2", "USDT")),
        ("USDT", "sell", ("1.2", "USDT")),
        ("received", "buy", ("0.006", "BTC")),
        ("received", "sell", ("1.2", "USDT")),
        ("BTC", "sell", ("0.00400000", "BTC")),  # 1.2 at the last close, 300
        ("BNB", "sell", ("1.2", "USDT")),  # no market of that name
    ],
)
def test_fees_are_paid_in_the_asset_that_was_named(asset, side, fee):
    rules = rules_of(fee_asset=asset, fee_rate=Decimal("0.002"))
    got = rules.fee(side, Decimal(3), Decimal(600), rules.taker_rate, holdings(closes={"BTC/USDT": 300}).closes)
    assert got == (Decimal(fee[0]), fee[1])


@given(st.integers(1, 10**7), st.integers(1, 10**6))
def test_a_converted_fee_is_the_next_hundred_millionth_above(notional, close):
    rules = rules_of(fee_asset="BTC", fee_rate=Decimal("0.001"))
    fee, _ = rules.fee(
        "buy", Decimal(1), Decimal(notional), rules.taker_rate, holdings(closes={"BTC/USDT": close}).closes
    )
    exact = Fraction(notional, 1000) / close
    assert 0 <= Fraction(fee) - exact < Fraction(1, 10**8)
    assert is_multiple(Decimal("1E-8"), fee)


@pytest.mark.parametrize(("volume", "budget"), [(0, 0), (9, 0), (10, 1), (99, 9)])
def test_the_budget_is_whole_lots_of_the_candles_volume(volume, budget):
    assert rules_of(volume_share=Decimal("0.1")).budget(volume) == budget
    assert rules_of().budget(volume) is None


@given(st.integers(0, 2**63), st.lists(st.integers(1, 10**6), min_size=40, max_size=40, unique=True))
def test_jitter_is_drawn_per_order_and_stays_in_its_bounds(seed, numbers):
    rules = rules_of(seed=seed, latency_ms=20, latency_jitter_ms=50)
    arrivals = [rules.arrival(request(number, ts=10**9)) - 10**9 for number in numbers]
    assert all(20_000_000 <= late <= 70_000_000 for late in arrivals)
    assert len(set(arrivals)) > 30
    assert arrivals == [rules.arrival(request(number, ts=10**9)) - 10**9 for number in numbers]

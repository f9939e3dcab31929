"""One trade: its price, its costs, and what it leaves."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.venues.matching.given import holdings, market, rules_of, working
from venues.matching.begin import begin
from venues.matching.trade import trade

AT = (60, 7)


def traded(order, price, *, is_maker=False, stage=None, held=None, **config):
    rules = rules_of(market("0.01", 2), **config)
    begin(rules, order, price)
    order.stage = stage or order.stage
    return trade(rules, held or holdings(), order, order.left, price, 1000, AT, is_maker=is_maker)


@given(st.sampled_from(["buy", "sell"]), st.integers(100_00, 200_00), st.integers(0, 500))
def test_slippage_stops_at_a_limit(side, price, room):
    way = 1 if side == "buy" else -1
    limit = Decimal(price + way * room).scaleb(-2)
    order = working(1, side, "limit", price=limit)
    fill = traded(order, price, stage="limit", slippage_rate=Decimal("0.01"))
    given_price = Decimal(price).scaleb(-2)
    assert 0 < way * (fill.price - given_price) <= way * (limit - given_price) or fill.price == limit
    assert way * fill.price <= way * limit
    assert fill.slippage == abs(fill.price - given_price)


def test_a_market_order_slips_as_far_as_it_must():
    fill = traded(working(1, "sell", quantity=2), 100_00, slippage_rate=Decimal("0.01"), spread_rate=Decimal("0.02"))
    assert (fill.price, fill.slippage, fill.liquidity) == (98, 2, "taker")
    assert (fill.fee, fill.fee_asset) == (Decimal("0.196"), "USDT")


def test_a_maker_neither_slips_nor_pays_as_a_taker():
    rates = {"slippage_rate": Decimal("0.01"), "maker_fee_rate": Decimal("0.0001")}
    fill = traded(working(1, "sell", "limit", price=100), 100_00, is_maker=True, stage="limit", **rates)
    assert (fill.price, fill.slippage, fill.fee, fill.liquidity) == (100, 0, Decimal("0.01"), "maker")


def test_trades_of_an_order_are_numbered():
    order, rules, held = working(12, quantity=3), rules_of(), holdings()
    begin(rules, order, 100)
    fills = [trade(rules, held, order, Decimal(1), 100, 0, AT, is_maker=False) for _ in range(3)]
    assert [fill.trade_id for fill in fills] == ["12-1", "12-2", "12-3"]
    assert [(fill.ts, fill.after) for fill in fills] == [AT] * 3
    assert order.left == 0


@pytest.mark.parametrize("cash", ["100", "100.09"])
def test_what_cannot_be_paid_is_not_traded(cash):
    order, held = working(1), holdings(USDT=cash)
    assert traded(order, 100_00, held=held) == "insufficient_balance"
    assert (order.filled, order.trades, held.balances) == (0, 0, {"USDT": Decimal(cash)})

"""Balances: what a trade does to them, and when the account says no."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.venues.matching.given import holdings, market

amounts = st.integers(0, 2000).map(Decimal)
sides = st.sampled_from(["buy", "sell"])
assets = st.sampled_from(["USDT", "BTC", "BNB"])


def exchanged(held, side, quantity, price, fee, asset, *, reduces=False):
    return held.exchange(market(), side, quantity, quantity * price, fee, asset, reduces=reduces)


@given(sides, amounts, amounts, amounts, assets, amounts, amounts, amounts)
def test_a_cash_account_books_a_trade_or_nothing(side, quantity, price, fee, asset, usdt, btc, bnb):
    held = holdings(USDT=usdt, BTC=btc, BNB=bnb)
    before, way = dict(held.balances), 1 if side == "buy" else -1
    after = before | {"BTC": btc + way * quantity, "USDT": usdt - way * quantity * price}
    after[asset] -= fee
    refusal = exchanged(held, side, quantity, price, fee, asset)
    assert refusal == ("insufficient_balance" if min(after.values()) < 0 else "")
    assert held.balances == (before if refusal else after)


@pytest.mark.parametrize(
    ("leverage", "side", "quantity", "reduces", "refusal"),
    [
        ("1", "buy", 10, False, ""),
        ("1", "buy", 11, False, "insufficient_margin"),
        ("3", "buy", 30, False, ""),
        ("3", "sell", 31, False, "insufficient_margin"),
        ("3", "sell", 31, True, ""),
    ],
)
def test_a_margin_account_stands_for_its_equity_times_the_leverage(leverage, side, quantity, reduces, refusal):
    held = holdings(kind="margin", leverage=leverage, USDT=1000)
    assert exchanged(held, side, Decimal(quantity), 100, Decimal(0), "USDT", reduces=reduces) == refusal


def test_what_a_margin_account_opened_with_is_no_position():
    held = holdings(kind="margin", USDT=0, BTC=10)
    assert exchanged(held, "sell", Decimal(10), 100, Decimal(0), "USDT") == ""
    assert exchanged(held, "sell", Decimal(1), 100, Decimal(0), "USDT") == "insufficient_margin"


def test_a_copy_is_of_its_own():
    held = holdings(USDT=1000, BTC=0)
    other = held.copy()
    exchanged(other, "buy", Decimal(1), 100, Decimal(1), "USDT")
    assert (held.balances["USDT"], other.balances["USDT"]) == (1000, 899)

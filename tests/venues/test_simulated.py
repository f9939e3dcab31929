"""The simulated venue's own promises: at which price, at what cost, and what it will not do."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from kernel.events import OrderRequested
from kernel.messages import OrderCanceled, OrderFilled
from kernel.money import from_units, is_multiple, multiply
from tests.kernel.drawn import markets
from tests.kernel.given import (
    BTC,
    CASH,
    CROSS,
    ETH,
    MINUTE,
    OBEDIENT,
    REVERSION,
    candles,
    finish,
    merged,
    of_type,
    run,
)  # fmt: skip
from venues.fills import SimulatedVenueConfig, fill_of
from venues.simulated import SimulatedVenue


def order(side="buy", quantity="1", market=BTC, number=1):
    return OrderRequested(0, "s", market.symbol, 1, number, side, "market", Decimal(quantity))


def venue(fill, *instruments, slippage="0", **balances):
    config = SimulatedVenueConfig(fill, slippage_rate=Decimal(slippage))
    return SimulatedVenue(config, instruments or (BTC, ETH), {a: Decimal(b) for a, b in balances.items()})


def submitted(at, request):
    finish(at.submit(request, f"c{request.order}"))
    return list(at.reports())


def taken(at, market):
    return [report for candle in market for report in at.take(candle)]


def test_same_close_fills_at_the_close_that_was_decided_on():
    at = venue("same_close", USDT="1000")
    assert taken(at, candles([500_00, 510_25])) == []
    assert submitted(at, order("buy", "0.5")) == [
        OrderFilled(2 * MINUTE, 2, 1, "1-1", Decimal("510.25"), Decimal("0.5"), Decimal("0.255125"), "USDT")
    ]


def test_next_open_fills_at_the_open_of_the_symbols_own_next_candle():
    at = venue("next_open", USDT="1000")
    market = [replace(candle, open=candle.open + 7) for candle in candles([500_00, 510_25])]
    other = candles([300_00] * 3, of=ETH)
    assert taken(at, [market[0], *other]) == []
    assert submitted(at, order("buy", "0.5")) == []
    assert taken(at, candles([300_00], of=ETH, start=5 * MINUTE)) == []
    assert taken(at, [market[1]]) == [
        OrderFilled(2 * MINUTE, 5, 1, "1-1", Decimal("500.07"), Decimal("0.5"), Decimal("0.250035"), "USDT")
    ]
    assert taken(at, candles([510_00], start=9 * MINUTE)) == [], "filled once"


def test_orders_of_one_symbol_fill_in_the_order_in_which_they_came():
    at = venue("next_open", USDT="10000")
    taken(at, candles([500_00]))
    for number, side in enumerate(("buy", "sell", "buy"), start=1):
        submitted(at, order(side, number=number))
    assert [fill.order for fill in taken(at, candles([500_00], start=MINUTE))] == [1, 2, 3]


def test_a_whole_session_fills_each_order_at_its_own_markets_next_open():
    """The rule that obeys prices, on two markets; every fill looked up in the candles by hand."""
    closes = [500_00 + n * 7919 % 1009 for n in range(200)]
    bitcoin, ether = candles(closes), candles(closes[::-1], of=ETH)
    bitcoin = [replace(candle, open=candle.open + 3) for candle in bitcoin]
    for market in (merged(bitcoin, ether), merged(ether, bitcoin)):
        entries = run(OBEDIENT, market, BTC, ETH).entries
        requests = {entry.order: entry for entry in of_type(OrderRequested, entries)}
        fills = of_type(OrderFilled, entries)
        assert len(fills) > 20
        for fill in fills:
            request = requests[fill.order]
            following = next(c for c in market[request.candle :] if c.symbol == request.symbol)
            assert (fill.price, fill.ts) == (from_units(following.open, 2), following.ts)
            assert fill.after == market.index(following)
            assert fill.quantity == request.quantity
            assert fill.fee == multiply(multiply(fill.price, fill.quantity), Decimal("0.001"))


# Slippage.


@given(
    st.integers(1, 10**9),
    st.integers(1, 1000).map(lambda units: from_units(units, 2)),
    st.integers(1, 50).map(lambda rate: from_units(rate, 4)),
    st.sampled_from(["buy", "sell"]),
)
def test_slippage_goes_against_the_order_and_to_the_next_tick(units, tick, rate, side):
    market = replace(BTC, tick=tick)
    fill = fill_of(order(side), market, units, ts=0, after=0, slippage_rate=rate)
    price, way = from_units(units, 2), 1 if side == "buy" else -1
    slipped = price * (1 + way * rate)
    assert is_multiple(tick, fill.price)
    assert 0 <= way * (fill.price - slipped) < tick
    assert way * (fill.price - price) > 0


def test_without_slippage_the_price_is_the_markets_even_off_the_tick():
    fill = fill_of(order(), replace(BTC, tick=Decimal(5)), 501_03, ts=0, after=0, slippage_rate=Decimal(0))
    assert fill.price == Decimal("501.03")


def test_the_fee_is_of_the_slipped_notional():
    at = venue("same_close", slippage="0.01", USDT="1000")
    taken(at, candles([500_00]))
    (fill,) = submitted(at, order("buy", "0.5"))
    assert (fill.price, fill.fee) == (Decimal(505), Decimal("0.2525"))


# What the account cannot pay.


@pytest.mark.parametrize(("cash", "ends"), [("500.5", OrderFilled), ("500.49", OrderCanceled)])
@pytest.mark.parametrize("fill", ["same_close", "next_open"])
def test_the_fee_must_be_there_too(fill, cash, ends):
    at = venue(fill, USDT=cash)
    taken(at, candles([500_00]))
    (report,) = submitted(at, order()) + taken(at, candles([500_00], start=MINUTE))
    assert type(report) is ends
    if ends is OrderCanceled:
        assert report.reason == "insufficient_balance"
        assert finish(at.account_snapshot()).balances == {"USDT": Decimal(cash)}


def test_it_does_not_lend_coins():
    at = venue("same_close", USDT="1000", BTC="0.4")
    taken(at, candles([500_00]))
    too_much, just_enough = submitted(at, order("sell", "0.5")) + submitted(at, order("sell", "0.4", number=2))
    assert isinstance(too_much, OrderCanceled)
    assert isinstance(just_enough, OrderFilled)


def test_a_gap_that_makes_the_next_open_too_dear_cancels_and_the_kernel_hears_of_it():
    """Risk approved at the close; the open is what has to be paid."""
    market = candles([500_01, 500_00, 500_00])
    market[1] = replace(market[1], open=int(CASH) * 100)
    ran = run(OBEDIENT, market)
    assert [type(entry).__name__ for entry in ran.entries[1:5]] == [
        "DecisionMade", "OrderRequested", "OrderAccepted", "OrderCanceled",
    ]  # fmt: skip
    assert ran.kernel.state.balances == {"USDT": CASH}
    assert ran.kernel.state.markets["BTC/USDT"].direction == 0


@given(markets(BTC, ETH), st.sampled_from([OBEDIENT, CROSS, REVERSION]), st.sampled_from(["same_close", "next_open"]))
def test_both_accounts_agree_at_the_end_of_a_session(market, of, fill):
    """The venue keeps an account of its own; the kernel books from reports: neither copies the other."""
    ran = run(of, market, BTC, ETH, fill=fill)
    assert finish(ran.venue.account_snapshot()).balances == ran.kernel.state.balances

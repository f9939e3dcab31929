"""The simulated venue's own promises: at which price, at what cost, and what it will not do.

What every kind of order does on every shape of candle stands in scenarios/, as tables.
"""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from kernel.account import Account
from kernel.events import OrderRequested
from kernel.messages import CandleClosed, InstantClosed, OrderCanceled, OrderExpired, OrderFilled
from kernel.money import from_units, multiply
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
    instrument,
    merged,
    of_type,
    run,
)  # fmt: skip
from venues.simulated import SimulatedVenue
from venues.simulation import SimulatedVenueConfig
from venues.venue import Accepted, Done, Gone, Rejected


def order(side="buy", quantity="1", market=BTC, number=1, kind="market", ts=0, strategy="s", **terms):
    numbers = {name: Decimal(terms[name]) for name in ("price", "trigger", "trail", "trail_rate") if name in terms}
    return OrderRequested(ts, strategy, market.symbol, 1, number, side, kind, Decimal(quantity), **{**terms, **numbers})


def venue(fill="next_open", *instruments, kind="cash", leverage="1", seed=0, detail=None, config=None, **balances):
    """A venue; what the configuration is given as text becomes a number."""
    words = {"path", "fee_asset"}
    numbers = {n: Decimal(v) if isinstance(v, str) and n not in words else v for n, v in (config or {}).items()}
    instruments = instruments or (BTC, ETH)
    held = {a: Decimal(b) for a, b in (balances or {"USDT": "1000000"}).items()}
    account = Account("USDT", held, {i.base: i.symbol for i in instruments}, kind, Decimal(leverage))
    return SimulatedVenue(SimulatedVenueConfig(fill, **numbers), instruments, account, seed=seed, detail=detail)


def candle(minute, *prices, of=BTC, volume=1_000_000):
    opened = minute * MINUTE
    return CandleClosed(opened + MINUTE, of.symbol, opened, *prices, volume)


def answer(at, request):
    return finish(at.submit(request, f"c{request.order}"))


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
    at = venue("next_open", USDT="10000", BTC="1")
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


def test_the_fee_is_of_the_slipped_notional():
    at = venue("same_close", config={"slippage_rate": "0.01"}, USDT="1000")
    taken(at, candles([500_00]))
    (fill,) = submitted(at, order("buy", "0.5"))
    assert (fill.price, fill.fee) == (Decimal(505), Decimal("0.2525"))


# What the account cannot pay.


@pytest.mark.parametrize(("cash", "pays"), [("500.5", True), ("500.49", False)])
@pytest.mark.parametrize("fill", ["same_close", "next_open"])
def test_the_fee_must_be_there_too(fill, cash, pays):
    at = venue(fill, USDT=cash)
    taken(at, candles([500_00]))
    assert answer(at, order()) == (Accepted("sim-1") if pays else Rejected("insufficient_balance"))
    assert len([*at.reports(), *taken(at, candles([500_00], start=MINUTE))]) == pays
    if not pays:
        assert finish(at.account_snapshot()).balances == {"USDT": Decimal(cash)}


def test_what_has_become_too_dear_when_it_is_filled_is_canceled():
    at = venue(USDT="500.5")
    taken(at, candles([500_00]))
    submitted(at, order())
    (report,) = taken(at, candles([500_01], start=MINUTE))
    assert report == OrderCanceled(2 * MINUTE, 1, 1, "insufficient_balance")
    assert finish(at.account_snapshot()).balances == {"USDT": Decimal("500.5")}


def test_it_does_not_lend_coins():
    at = venue("same_close", USDT="1000", BTC="0.4")
    taken(at, candles([500_00]))
    assert answer(at, order("sell", "0.5")) == Rejected("insufficient_balance")
    (fill,) = submitted(at, order("sell", "0.4", number=2))
    assert fill.quantity == Decimal("0.4")


def test_what_rests_holds_its_money_until_it_ends():
    at = venue(USDT="1000", BTC="1")
    taken(at, candles([500_00]))
    assert answer(at, order(kind="limit", price="400", quantity="2")) == Accepted("sim-1")
    assert answer(at, order(number=2, quantity="0.5")) == Rejected("insufficient_balance")
    assert answer(at, order(kind="limit", price="450", quantity="2", number=3, replaces=1)) == Accepted("sim-3")
    assert answer(at, order(number=4, quantity="0.5")) == Rejected("insufficient_balance")
    assert finish(at.cancel("c3")) == Done()
    assert answer(at, order(number=5, quantity="0.5")) == Accepted("sim-5")


def test_a_group_holds_once():
    at = venue(USDT="0", BTC="1")
    taken(at, candles([500_00]))
    assert answer(at, order("sell", kind="stop_market", trigger="400", group=1)) == Accepted("sim-1")
    assert answer(at, order("sell", kind="limit", price="600", group=1, number=2)) == Accepted("sim-2")
    assert answer(at, order("sell", "0.001", number=3)) == Rejected("insufficient_balance")


def test_a_margin_account_owes_up_to_its_leverage():
    at = venue("same_close", kind="margin", leverage="2", USDT="1000")
    taken(at, candles([500_00]))
    assert answer(at, order("sell", "3.98")) == Accepted("sim-1")
    assert finish(at.account_snapshot()).balances["BTC"] == Decimal("-3.98")
    assert answer(at, order("sell", "0.02", number=2)) == Rejected("insufficient_margin")
    assert answer(at, order("buy", "0.01", number=3, reduce_only=True)) == Accepted("sim-3")


def test_a_gap_that_makes_the_next_open_too_dear_cancels_and_the_kernel_hears_of_it():
    """Risk approved at the close; the open is what has to be paid."""
    market = candles([500_01, 500_00, 500_00])
    market[1] = replace(market[1], open=int(CASH) * 100)
    ran = run(OBEDIENT, market)
    assert [type(entry).__name__ for entry in ran.entries[1:5]] == [
        "DecisionMade", "OrderRequested", "OrderAccepted", "OrderCanceled",
    ]  # fmt: skip
    assert ran.kernel.state.balances == {"USDT": CASH}
    assert ran.kernel.state.books["tested"].positions["BTC/USDT"].direction == 0


@given(markets(BTC, ETH), st.sampled_from([OBEDIENT, CROSS, REVERSION]), st.sampled_from(["same_close", "next_open"]))
def test_both_accounts_agree_at_the_end_of_a_session(market, of, fill):
    """The venue keeps an account of its own; the kernel books from reports: neither copies the other."""
    ran = run(of, market, BTC, ETH, fill=fill)
    assert finish(ran.venue.account_snapshot()).balances == ran.kernel.state.balances


# What it does with orders that depend on others.


def test_an_order_that_only_reduces_takes_back_no_more_than_there_is():
    at = venue(BTC="5", USDT="1000")
    taken(at, candles([500_00]))
    submitted(at, order())
    taken(at, [candle(1, 500_00, 500_00, 500_00, 500_00)])
    submitted(at, order("sell", "2", number=2, kind="stop_market", trigger="490", reduce_only=True))
    fill, end = taken(at, [candle(2, 480_00, 490_00, 480_00, 490_00)])
    assert (fill.quantity, fill.price) == (1, 480)
    assert end == OrderCanceled(3 * MINUTE, 2, 2, "reduce_only")


def test_a_market_order_that_only_reduces_is_no_larger_than_the_position():
    at = venue(BTC="5", USDT="1000")
    taken(at, candles([500_00]))
    submitted(at, order())
    taken(at, [candle(1, 500_00, 500_00, 500_00, 500_00)])
    submitted(at, order("sell", "2", number=2, reduce_only=True))
    fill, end = taken(at, [candle(2, 480_00, 490_00, 480_00, 490_00)])
    assert (fill.quantity, end.reason) == (1, "reduce_only")


def test_an_order_takes_the_place_of_another_with_what_that_one_has_filled_and_its_children():
    at = venue(config={"volume_share": "1"})
    taken(at, candles([500_00]))
    submitted(at, order(kind="limit", price="490", quantity="3"))
    submitted(at, order("sell", "2", number=2, kind="stop_market", trigger="400", parent=1, reduce_only=True))
    (part,) = taken(at, [candle(1, 500_00, 500_00, 489_00, 495_00, volume=1_000)])
    (end,) = submitted(at, order(kind="limit", price="495", quantity="2", number=3, replaces=1))
    assert (part.quantity, end) == (1, OrderCanceled(2 * MINUTE, 2, 1, "replaced"))
    found = finish(at.query("c3"))
    assert (found.status, found.quantity, found.filled) == ("open", 2, 1)
    assert answer(at, order(number=4, quantity="5", replaces=1)) == Rejected("replaced_order_gone")
    fills = taken(at, [candle(2, 494_00, 500_00, 300_00, 300_00, volume=10_000)])
    assert [(fill.order, fill.quantity, fill.price) for fill in fills] == [(3, 1, 494), (2, 2, 400)]


# Several strategies.


def test_each_strategy_has_positions_of_its_own():
    at = venue("same_close")
    taken(at, candles([500_00]))
    submitted(at, order(strategy="a"))
    assert answer(at, order("sell", number=2, strategy="b", reduce_only=True)) == Rejected("reduce_only")
    assert answer(at, order("sell", number=3, strategy="a", reduce_only=True)) == Accepted("sim-3")


def test_strategies_share_a_candles_volume_in_the_order_in_which_they_came():
    at = venue(config={"volume_share": "0.5"})
    taken(at, candles([500_00]))
    for number, strategy in enumerate("ba", start=1):
        submitted(at, order(strategy=strategy, number=number, quantity="2"))
    first, second = taken(at, [candle(1, 500_00, 500_00, 500_00, 500_00, volume=6_000)])
    assert [(first.order, first.quantity), (second.order, second.quantity)] == [(1, 2), (2, 1)]
    (rest,) = taken(at, [candle(2, 510_00, 510_00, 510_00, 510_00, volume=6_000)])
    assert (rest.order, rest.trade_id, rest.quantity, rest.price) == (2, "2-2", 1, 510)


# Time.


def test_an_order_does_not_take_part_in_a_candle_that_was_open_when_it_was_sent():
    """An hour's candle may close after a minute's decision; its open was before."""
    at = venue()
    taken(at, candles([500_00]))
    submitted(at, order(ts=30 * MINUTE))
    hour = CandleClosed(60 * MINUTE, BTC.symbol, 0, 400_00, 510_00, 400_00, 500_00, 1)
    assert taken(at, [hour]) == []
    (fill,) = taken(at, [candle(60, 505_00, 505_00, 505_00, 505_00)])
    assert fill.price == 505


def test_what_travels_is_worked_from_the_first_candle_that_opens_after_it_has_come():
    at = venue(config={"latency_ms": 30_000})
    taken(at, candles([500_00]))
    assert answer(at, order(ts=MINUTE)) == Accepted("sim-1")
    assert taken(at, [candle(1, 500_00, 500_00, 500_00, 500_00)]) == []
    (fill,) = taken(at, [candle(2, 501_00, 502_00, 500_00, 500_00)])
    assert (fill.price, fill.after) == (501, 2)


def test_a_cancel_that_travels_may_come_too_late():
    at = venue(config={"latency_ms": 90_000})
    taken(at, candles([500_00]))
    for number in (1, 2):
        answer(at, order(ts=MINUTE, number=number, kind="limit", price=("495", "400")[number - 1]))
    taken(at, [candle(n, 500_00, 500_00, 500_00, 500_00) for n in (1, 2, 3)])
    assert [finish(at.cancel(f"c{number}")) for number in (1, 2)] == [Done(), Done()]
    assert at.reports() == ()
    (fill,) = taken(at, [candle(4, 500_00, 500_00, 490_00, 500_00)])
    assert (fill.order, fill.price) == (1, 495)
    (end,) = taken(at, [candle(6, 500_00, 500_00, 390_00, 500_00)])
    assert end == OrderCanceled(7 * MINUTE, 5, 2, "requested")
    assert [finish(at.cancel(f"c{number}")) for number in (1, 2)] == [Gone(), Gone()]


def test_what_is_refused_on_arrival_is_canceled():
    at = venue(config={"latency_ms": 1}, USDT="500")
    taken(at, candles([500_00]))
    assert answer(at, order(ts=MINUTE)) == Accepted("sim-1")
    assert taken(at, [candle(2, 500_00, 500_00, 500_00, 500_00)]) == [
        OrderCanceled(3 * MINUTE, 1, 1, "insufficient_balance")
    ]


def test_an_end_of_time_is_reported_for_its_own_time():
    at = venue()
    taken(at, candles([500_00]))
    for number, until in enumerate((2 * MINUTE - 1, 2 * MINUTE), start=1):
        submitted(at, order(kind="limit", price="400", number=number, time_in_force="gtd", expires_at=until))
    end, fill = taken(at, [candle(1, 500_00, 500_00, 300_00, 500_00)])
    assert end == OrderExpired(2 * MINUTE - 1, 1, 1, "gtd")
    assert (fill.order, fill.price) == (2, 400), "it was there to the last moment of the candle"


def test_the_end_of_an_instant_is_counted_and_moves_nothing():
    at = venue()
    taken(at, candles([500_00]))
    submitted(at, order())
    assert taken(at, [InstantClosed(MINUTE)]) == []
    (fill,) = taken(at, [candle(1, 500_00, 500_00, 500_00, 500_00)])
    assert fill.after == 2


# Fees.


def test_fees_in_another_asset_are_converted_at_its_last_close():
    bnb = instrument("BNB/USDT")
    at = venue("same_close", BTC, bnb, config={"fee_asset": "BNB"}, USDT="1000", BNB="1")
    taken(at, candles([500_00]))
    (before,) = submitted(at, order("buy", "0.1"))
    taken(at, candles([300_00], of=bnb, start=MINUTE))
    (after,) = submitted(at, order("buy", "0.1", number=2))
    assert (before.fee, before.fee_asset) == (Decimal("0.05"), "USDT"), "BNB had no price yet"
    assert (after.fee, after.fee_asset) == (Decimal("0.00016667"), "BNB"), "0.05 / 300, rounded up"


def test_fees_in_what_is_received():
    at = venue("same_close", config={"fee_asset": "received"}, USDT="1000")
    taken(at, candles([500_00]))
    (bought,) = submitted(at, order("buy", "1"))
    (sold,) = submitted(at, order("sell", "0.9", number=2))
    assert [(f.fee, f.fee_asset) for f in (bought, sold)] == [(Decimal("0.001"), "BTC"), (Decimal("0.45"), "USDT")]


# Chance.


def touched(seed, count=400):
    """Which limits, of so many, are filled by candles that touch them and go no further."""
    at = venue(seed=seed, config={"limit_touch_probability": "0.25"})
    taken(at, candles([500_00]))
    for number in range(1, count + 1):
        submitted(at, order(kind="limit", price="490", number=number, quantity="0.001"))
    return [fill.order for fill in taken(at, [candle(1, 500_00, 500_00, 490_00, 500_00)])]


def test_touches_fill_by_chance_and_the_seed_decides():
    assert 60 < len(touched(1)) < 140
    assert touched(1) == touched(1) != touched(2)


# Finer candles.


class Inside:
    """Ten seconds at a time; a market that fell first, whatever its minutes look like."""

    def __init__(self, rows):
        self.rows = rows

    def inside(self, symbol, open_time, close_ts):
        return self.rows.get(open_time, ())


def bracketed(detail, path):
    at = venue("same_close", detail=detail, config={"path": path})
    taken(at, candles([500_00]))
    submitted(at, order())
    for number, (kind, terms) in enumerate([("stop_market", {"trigger": "490"}), ("limit", {"price": "510"})], start=2):
        submitted(at, order("sell", kind=kind, number=number, parent=1, group=2, reduce_only=True, **terms))
    (fill, end) = taken(at, [candle(1, 500_00, 515_00, 485_00, 500_00)])
    assert end == OrderCanceled(2 * MINUTE, 1, 5 - fill.order, "oco")
    return fill


@pytest.mark.parametrize("path", ["worst", "best", "open_high_low_close", "open_low_high_close"])
def test_finer_candles_tell_what_a_candle_leaves_open(path):
    ten = 10_000_000_000
    rows = [
        (MINUTE + n * ten, *prices, 100)
        for n, prices in enumerate([(500_00, 515_00, 500_00, 510_00), (510_00, 510_00, 485_00, 500_00)])
    ]
    told, guessed = bracketed(Inside({MINUTE: rows}), path), bracketed(Inside({}), path)
    assert (told.order, told.price, told.ambiguous) == (3, 510, False)
    assert guessed.ambiguous
    assert guessed.order == (2 if path in ("worst", "open_low_high_close") else 3)


# What it remembers.


@pytest.mark.parametrize("fill", ["same_close", "next_open"])
def test_its_memory_is_bounded(fill):
    at = venue(fill)
    sizes = []
    for number in range(1, 9_001):
        taken(at, [candle(number, 500_00, 500_00, 500_00, 500_00)])
        submitted(at, order(("buy", "sell")[number % 2 - 1], number=number, group=number))
        if number % 3_000 == 0:
            sizes.append(len(at.snapshot()))
    assert max(sizes) < 1.5 * min(sizes)


def test_while_nothing_rests_every_candle_may_be_passed():
    at = venue()
    taken(at, candles([500_00]))
    far = at.wake("BTC/USDT")
    assert far.low < 0
    assert far.high > 10**18 < far.ts
    submitted(at, order(kind="limit", price="400"))
    assert at.wake("BTC/USDT").low > 10**18, "it is first worked at the next open"
    taken(at, [candle(1, 500_00, 500_00, 500_00, 500_00)])
    near = at.wake("BTC/USDT")
    assert (near.low, near.high, near.ts) == (399_99, far.high, far.ts)
    assert at.wake("ETH/USDT") == far

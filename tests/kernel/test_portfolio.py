"""The account: nothing appears and nothing vanishes, in any asset, whoever trades what on which side."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.errors import InvariantBroken
from kernel.events import EquityMarked, OrderRequested, PositionChanged
from kernel.evolve import evolve
from kernel.messages import OrderFilled
from kernel.money import add, from_units
from kernel.portfolio import check_conservation, equity, is_priced, price_of, recount, side_of
from kernel.timeframe import DAY_NS
from tests.kernel.given import (
    BTC,
    ETH,
    FLAT_AT,
    LONG_AT,
    MINUTE,
    OBEDIENT,
    OBEY,
    account,
    candles,
    filled,
    instrument,
    next_candles,
    of_type,
    opened,
    position,
    strategy,
    turned,
)

PAIR, BNB = instrument("ETH/BTC"), instrument("BNB/USDT")
MARKETS = (BTC, ETH, PAIR, BNB)
NAMES = ("tested", "other")
BOTH = (OBEDIENT, strategy(OBEY, name="other"))
OPENING = {"USDT": Decimal(10_000), "BTC": Decimal("0.5"), "ETH": Decimal("-3.25")}
A_LITTLE = Decimal("1E-18")
CLOSES = {"BTC/USDT": 500_00, "ETH/USDT": 50_00, "ETH/BTC": 10, "BNB/USDT": 7_00}

trades = st.lists(
    st.tuples(
        st.sampled_from(NAMES),
        st.sampled_from([BTC, ETH, PAIR]),
        st.sampled_from(["buy", "sell"]),
        st.builds(from_units, st.integers(1, 3000), st.just(3)),
        st.builds(from_units, st.integers(1, 90_000), st.just(2)),
        st.builds(from_units, st.integers(-30, 300), st.integers(3, 8)),
        st.sampled_from(["quote", "base", "BNB"]),
    ),
    max_size=20,
)


def everything(**more):
    """Two strategies on a margin account that begins with three assets, one of them owed; every market has a price."""
    kernel = opened(BOTH, *MARKETS, account_of=account(MARKETS, kind="margin", balances=OPENING, **more))
    turned(kernel, [c for of in MARKETS for c in candles([CLOSES[of.symbol]], of=of)])
    return kernel


def book(kernel, name, of, side, quantity, price, fee, fee_asset):
    """A trade of an order of its own."""
    number = kernel.state.orders_requested + 1
    evolve(kernel.state, OrderRequested(0, name, of.symbol, 1, number, side, "market", quantity))
    asset = {"quote": of.quote, "base": of.base}.get(fee_asset, fee_asset)
    return kernel.turn(OrderFilled(0, 4, number, "t", price, quantity, fee, asset))


@given(trades)
def test_every_asset_is_what_was_there_and_what_was_traded(drawn):
    kernel = everything()
    ledger = {asset: Fraction(amount) for asset, amount in OPENING.items()}
    paid = {(name, of.symbol): Fraction(0) for name in NAMES for of in MARKETS}
    realized = dict(paid)
    for name, of, side, quantity, price, fee, fee_asset in drawn:
        change, mark = book(kernel, name, of, side, quantity, price, fee, fee_asset)
        way, asset = 1 if side == "buy" else -1, {"quote": of.quote, "base": of.base}.get(fee_asset, fee_asset)
        notional = Fraction(price) * Fraction(quantity)
        for moved, amount in (
            (of.base, way * Fraction(quantity)),
            (of.quote, -way * notional),
            (asset, -Fraction(fee)),
        ):
            ledger[moved] = ledger.get(moved, Fraction(0)) + amount
        paid[name, of.symbol] += way * notional
        realized[name, of.symbol] += Fraction(change.realized_profit)
        assert (Fraction(change.base_balance), Fraction(change.quote_balance)) == (ledger[of.base], ledger[of.quote])
        assert Fraction(mark.equity) == sum(amount * price_in_usdt(a) for a, amount in ledger.items())
        assert Fraction(mark.cash) == ledger["USDT"]
    assert {a: Fraction(b) for a, b in kernel.state.balances.items()} == ledger
    for (name, symbol), total in paid.items():
        assert Fraction(position(kernel, symbol, name).cost) - realized[name, symbol] == total, "to the last digit"
    recount(kernel.state)


def price_in_usdt(asset):
    return Fraction(1) if asset == "USDT" else Fraction(CLOSES[f"{asset}/USDT"], 100)


@pytest.mark.parametrize(
    ("trades_made", "quantity", "cost", "realized"),
    [
        ([("buy", "1", "100"), ("buy", "1", "200")], 2, 300, 0),
        ([("buy", "2", "100"), ("sell", "1", "150")], 1, 100, 50),
        ([("buy", "2", "100"), ("sell", "2", "90")], 0, 0, -20),
        ([("sell", "2", "100"), ("buy", "1", "90")], -1, -100, 10),
        ([("sell", "2", "100"), ("sell", "2", "50")], -4, -300, 0),
        ([("buy", "1", "100"), ("sell", "3", "110")], -2, -220, 10),  # through zero: the rest is a new position
        ([("sell", "1", "100"), ("buy", "3", "110")], 2, 220, -10),
        ([("buy", "3", "1"), ("sell", "1", "1")], 2, 2, 0),
    ],
)
def test_what_a_position_cost_and_what_it_has_earned(trades_made, quantity, cost, realized):
    kernel, earned = everything(), Decimal(0)
    for side, size, price in trades_made:
        change, _ = book(kernel, "tested", BTC, side, Decimal(size), Decimal(price), Decimal(0), "quote")
        earned += change.realized_profit
    assert (position(kernel).quantity, position(kernel).cost, earned) == (quantity, cost, realized)


def test_a_fee_in_the_base_asset_is_taken_out_of_the_position():
    kernel = everything()
    change, _ = book(kernel, "tested", BTC, "buy", Decimal(1), Decimal(100), Decimal("0.001"), "base")
    assert (change.quantity, change.cost, change.base_balance) == (Decimal("0.999"), 100, Decimal("1.499"))
    assert kernel.state.fees == {"BTC": Decimal("0.001")}


def test_a_fee_in_a_third_asset_leaves_that_balance():
    kernel = everything()
    change, mark = book(kernel, "tested", BTC, "buy", Decimal(1), Decimal(500), Decimal("0.5"), "BNB")
    assert (change.quantity, kernel.state.balances["BNB"]) == (1, Decimal("-0.5"))
    before = Fraction(10_000) + Fraction(500, 2) - Fraction("3.25") * 50
    assert Fraction(mark.equity) == before - Fraction("0.5") * 7


@pytest.mark.parametrize("which", ["held", "costs", "realized", "fees_paid", "balances", "quantity", "cost"])
def test_an_error_is_found_wherever_it_is(which):
    kernel = everything()
    book(kernel, "tested", BTC, "buy", Decimal(1), Decimal(500), Decimal(1), "quote")
    book(kernel, "other", PAIR, "sell", Decimal(2), Decimal("0.1"), Decimal("0.001"), "BNB")
    recount(kernel.state)
    if which in ("quantity", "cost"):
        planted = position(kernel, "ETH/BTC", "other")
        setattr(planted, which, add(getattr(planted, which), A_LITTLE))
    else:
        sums = getattr(kernel.state, which)
        asset = next(iter(sums))
        sums[asset] = add(sums[asset], A_LITTLE)
    with pytest.raises(InvariantBroken):
        recount(kernel.state)


def test_an_error_stops_the_kernel_at_the_next_fill_of_the_asset_or_the_next_day():
    kernel = everything()
    kernel.state.balances["ETH"] = Decimal(0)
    book(kernel, "tested", BTC, "buy", Decimal(1), Decimal(500), Decimal(0), "quote")
    with pytest.raises(InvariantBroken, match="ETH"):
        book(kernel, "tested", ETH, "buy", Decimal(1), Decimal(500), Decimal(0), "quote")
    with pytest.raises(InvariantBroken, match="ETH"):
        turned(kernel, candles([500_00], start=DAY_NS))


def test_conservation_is_checked_of_the_assets_that_are_named():
    state = everything().state
    state.balances["ETH"] = Decimal(0)
    check_conservation(state, "USDT", "BTC")
    with pytest.raises(InvariantBroken, match="has 0 ETH, but its bookings say -3.25"):
        check_conservation(state, "ETH")


# What the account is worth.


def test_an_account_in_several_assets_is_opened_once_all_have_a_price():
    kernel = opened(BOTH, *MARKETS, account_of=account(MARKETS, kind="margin", balances=OPENING))
    assert not kernel.state.opened
    first = turned(kernel, candles([500_00]))
    assert of_type(EquityMarked, first) == []
    assert not is_priced(kernel.state)
    (mark,) = turned(kernel, candles([50_00], of=ETH))
    assert (mark.cause, mark.cash, mark.equity) == ("open", 10_000, Decimal("10087.5"))
    state = kernel.state
    assert state.opened
    assert (state.opening_equity, state.peak, state.day_equity) == (mark.equity,) * 3
    assert of_type(EquityMarked, turned(kernel, candles([51_00], of=ETH, start=MINUTE))) == []


def test_a_fill_before_everything_has_a_price_is_booked_and_not_marked():
    balances = {"USDT": Decimal(10_000), "ETH": Decimal(1)}
    kernel = opened(OBEDIENT, BTC, ETH, account_of=account((BTC, ETH), balances=balances))
    _, order = turned(kernel, candles([LONG_AT]))
    assert [type(e) for e in kernel.turn(filled(kernel, order))] == [PositionChanged]
    (mark,) = turned(kernel, candles([50_00], of=ETH))
    assert (mark.cause, mark.equity) == ("open", Decimal(9500) + Decimal("500.01") + 50)


def test_nothing_is_sized_before_everything_has_a_price():
    from kernel.sizing import FixedFraction

    balances = {"USDT": Decimal(10_000), "ETH": Decimal(1)}
    sized = strategy(OBEY, sizing=FixedFraction(Decimal("0.5")))
    kernel = opened(sized, BTC, ETH, account_of=account((BTC, ETH), balances=balances))
    assert of_type(OrderRequested, turned(kernel, candles([LONG_AT]))) == []


def test_what_has_no_price_has_no_worth():
    kernel = everything()
    assert [price_of(kernel.state, asset) for asset in ("USDT", "BTC", "DOGE")] == [1, 500, None]
    kernel.state.balances["DOGE"] = Decimal(0)
    assert is_priced(kernel.state), "nothing of it is held"
    kernel.state.balances["DOGE"] = Decimal(1)
    with pytest.raises(InvariantBroken, match="1 DOGE, which has no price"):
        equity(kernel.state)


@pytest.mark.parametrize(("quantity", "side"), [("0.001", 1), ("0.0009", 0), ("0", 0), ("-0.0009", 0), ("-0.001", -1)])
def test_less_than_a_lot_is_flat(quantity, side):
    assert side_of(BTC, Decimal(quantity)) == side


def test_a_round_trip_earns_what_it_realized_less_its_fees():
    kernel = opened()
    for price, streak in (("500", 1), ("500.02", 0), ("499", 1), ("499", 2)):
        *_, bought = next_candles(kernel, LONG_AT)
        kernel.turn(filled(kernel, bought, "500", fee="0.005"))
        *_, sold = next_candles(kernel, FLAT_AT)
        kernel.turn(filled(kernel, sold, price, fee="0.005"))
        assert position(kernel).losses == streak
        assert position(kernel).profit == 0
    assert kernel.state.books["tested"].round_trips == 4
    assert position(kernel).closed_at == sold.ts

"""What the report is for: every figure in money adds up to the account's, to the last digit."""

from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from research.report.figures import published
from tests.campaign import sample
from tests.research.report.made import MINUTE, START, Scribe, dataset, flat_candles

SYMBOLS = ("BTC/USDT", "ETH/USDT")
CLOSES = {
    "BTC/USDT": [4_000_000 + 137 * ((n * n) % 91) for n in range(60)],
    "ETH/USDT": [300_000 - 41 * ((n * 7) % 53) for n in range(60)],
    "BNB/USDT": [40_000 + 13 * ((n * 5) % 37) for n in range(60)],
    "ETH/BTC": [700 + (n * 11) % 23 for n in range(60)],
}
CANDLES = {symbol: flat_candles(closes) for symbol, closes in CLOSES.items()}

quantities = st.integers(1, 4_000).map(lambda lots: f"{lots / 1000:.3f}")
ticks = st.integers(-5_000, 5_000)


@st.composite
def fills(draw, symbols=SYMBOLS, strategies=("a", "b"), most=25):
    """What to do, in order of time: minute, symbol, strategy, side, quantity, ticks off the close, fee."""
    minutes = sorted(draw(st.lists(st.integers(1, 59), max_size=most)))
    rows = []
    for minute in minutes:
        symbol = draw(st.sampled_from(symbols))
        off = draw(st.integers(-150, 150))
        fee = draw(st.integers(0, 10**7))
        side, quantity = draw(st.sampled_from(("buy", "sell"))), draw(quantities)
        rows.append((minute, symbol, draw(st.sampled_from(strategies)), side, quantity, off, fee))
    return rows


@pytest.fixture(scope="module")
def datasets(tmp_path_factory):
    folder: Path = tmp_path_factory.mktemp("exact")
    return {symbol: dataset(folder, candles, symbol) for symbol, candles in CANDLES.items()}


def price_of(symbol, minute, off):
    cents = max(1, CLOSES[symbol][minute - 1] + off)
    return f"{cents // 100}.{cents % 100:02}"


def run(rows, symbols=SYMBOLS, fee_asset=lambda _symbol, _side: "USDT", **account):
    scribe = Scribe({symbol: CANDLES[symbol] for symbol in symbols}, strategies=("a", "b"), **account)
    for minute, symbol, strategy, side, quantity, off, fee in rows:
        scribe.at(START + minute * MINUTE)
        paid = {"fee": str(Decimal(fee).scaleb(-7)), "fee_asset": fee_asset(symbol, side)}
        scribe.trade(side, quantity, price_of(symbol, minute, off), symbol=symbol, strategy=strategy, **paid)
    scribe.end()
    return scribe


def check_identity(equity):
    """By the texts that a program is given, with arithmetic of its own."""
    parts = [Fraction(equity[name]) for name in ("starting", "trades", "open_positions", "revaluation")]
    assert sum(parts) == Fraction(equity["final"])


property_of_logs = settings(max_examples=sample(40), suppress_health_check=[HealthCheck.function_scoped_fixture])


@property_of_logs
@given(fills())
def test_in_one_currency_trades_and_positions_explain_all(datasets, rows):
    figures = published(run(rows).report(datasets).figures)
    equity = figures["equity"]
    check_identity(equity)
    assert equity["revaluation"] == equity["unexplained"] == "0"
    assert Fraction(equity["trades"]) == sum(Fraction(trade["profit"]) for trade in figures["trades"])
    assert Fraction(equity["open_positions"]) == sum(Fraction(held["profit"]) for held in figures["open_positions"])
    for groups in ("exit_reasons", "symbols", "strategies"):
        assert Fraction(equity["trades"]) == sum(Fraction(group["profit"]) for group in figures[groups])
    assert Fraction(equity["final"]) - Fraction(equity["starting"]) == sum(
        Fraction(d["profit"]) for d in figures["days"]
    )
    paid = sum(Fraction(fee, 10**7) for *_, fee in rows)
    assert Fraction(figures["costs"]["fees"]) == paid


@property_of_logs
@given(fills())
def test_fees_in_the_base_asset_leave_nothing_over_either(datasets, rows):
    """They make positions smaller, and dust."""
    small = [(*row[:-1], row[-1] // 10**4) for row in rows]
    equity = published(run(small, fee_asset=lambda symbol, _: symbol.split("/")[0]).report(datasets).figures)["equity"]
    check_identity(equity)
    assert equity["revaluation"] == equity["unexplained"] == "0"


@property_of_logs
@given(fills())
def test_trades_are_what_cash_says(datasets, rows):
    """A trade's profit is the cash that its fills brought, less fees: told by fractions, knowing nothing of costs."""
    expected, held, cash = [], {}, {}
    for minute, symbol, strategy, side, quantity, off, fee in rows:
        key, price, paid = (strategy, symbol), Fraction(price_of(symbol, minute, off)), Fraction(fee, 10**7)
        moved = Fraction(quantity) * (1 if side == "buy" else -1)
        before = held.get(key, Fraction(0))
        after = before + moved
        cash.setdefault(key, Fraction(0))
        if before * after < 0:
            expected.append(cash[key] + before * price - paid * abs(before / moved))
            cash[key] = -after * price - paid * abs(after / moved)
        else:
            cash[key] -= moved * price + paid
            if after == 0:
                expected.append(cash.pop(key))
        held[key] = after
    trades = run(rows).report(datasets).figures.trades
    assert len(trades) == len(expected)
    for trade, profit in zip(trades, expected, strict=True):
        assert abs(Fraction(trade.profit) - profit) < Fraction(1, 10**15)  # a cost that was split is rounded


@property_of_logs
@given(fills(("BTC/USDT", "ETH/BTC")), st.sampled_from(("quote", "base", "BNB", "received")))
def test_in_several_currencies_one_line_explains_the_rest(datasets, rows, asset):
    def fee_asset(symbol, side):
        base, quote = symbol.split("/")
        received = base if side == "buy" else quote
        return {"quote": quote, "base": base, "received": received}.get(asset, asset)

    scribe = run(
        [(*row[:-1], row[-1] // 10**4) for row in rows],
        ("BTC/USDT", "ETH/USDT", "BNB/USDT", "ETH/BTC"), fee_asset, BNB="7.5", ETH="2",
        marks={"BTC": "BTC/USDT", "ETH": "ETH/USDT", "BNB": "BNB/USDT"},
    )  # fmt: skip
    equity = published(scribe.report(datasets).figures)["equity"]
    check_identity(equity)
    assert equity["unexplained"] == "0"


def test_the_revaluation_is_what_prices_did_to_what_no_trade_holds(datasets):
    """By hand: opening coins, a profit in BTC, and a fee in BNB, each from when it was booked to the end."""
    marks = {"BTC": "BTC/USDT", "ETH": "ETH/USDT", "BNB": "BNB/USDT"}
    scribe = Scribe({s: CANDLES[s] for s in ("BTC/USDT", "ETH/USDT", "BNB/USDT", "ETH/BTC")}, BNB="3", marks=marks)
    scribe.at(START + 10 * MINUTE)
    scribe.trade("buy", "2", "7.00", symbol="ETH/BTC", fee="0.5", fee_asset="BNB")
    scribe.at(START + 20 * MINUTE)
    scribe.trade("sell", "2", "7.10", symbol="ETH/BTC", fee="0.001", fee_asset="BTC")
    scribe.end()
    report = scribe.report(datasets).figures
    at = lambda symbol, minute: Fraction(CLOSES[symbol][minute - 1], 100)  # noqa: E731
    btc_exit, btc_end = at("BTC/USDT", 20), at("BTC/USDT", 60)
    bnb_start, bnb_fill, bnb_end = (at("BNB/USDT", minute) for minute in (1, 10, 60))
    gained = Fraction("0.2") - Fraction("0.001")
    (trade,) = report.trades
    assert Fraction(trade.profit) == gained * btc_exit - Fraction("0.5") * bnb_fill
    expected = 3 * (bnb_end - bnb_start) + gained * (btc_end - btc_exit) - Fraction("0.5") * (bnb_end - bnb_fill)
    assert Fraction(report.equity.revaluation) == expected
    assert report.equity.unexplained == 0


def test_without_candles_prices_come_from_fills_and_the_report_says_so():
    scribe = run([(5, "BTC/USDT", "a", "buy", "1.000", 0, 0)])
    figures = scribe.report({}).figures
    check_identity(published(figures)["equity"])
    assert figures.open_positions[0].price == Decimal(price_of("BTC/USDT", 5, 0))
    assert figures.equity.unexplained == figures.equity.revaluation != 0
    assert any("not here" in note for note in figures.notes)


def test_a_log_that_stops_is_reported_as_far_as_it_goes(datasets):
    scribe = run([(5, "BTC/USDT", "a", "buy", "1.000", 0, 10), (9, "BTC/USDT", "a", "sell", "1.000", 0, 10)])
    del scribe.entries[-2:]
    figures = scribe.report(datasets).figures
    assert not figures.run.ended
    assert any("stops before" in note for note in figures.notes)
    check_identity(published(figures)["equity"])
    assert figures.equity.revaluation == 0

"""What candles say of trades, against slow and plain searches."""

from decimal import Decimal

import pytest

from research.report.candles import load, thinned, volume_shares
from research.report.ledger import FillTimes
from tests.research.report.made import MINUTE, START, Candle, Scribe, candles_of, dataset, flat_candles, walk


@pytest.fixture(scope="module")
def market(tmp_path_factory):
    rows = [
        candle._replace(high=candle.high + n % 900, low=candle.low - n % 700, volume=1_000 * (n % 7))
        for n, candle in enumerate(walk(500))
    ]
    return rows, dataset(tmp_path_factory.mktemp("candles"), rows)


def test_excursions_are_the_worst_and_best_prices_on_the_way(market):
    rows, data = market
    scribe = Scribe({"BTC/USDT": rows})
    for entry, leave, side, back in ((3, 90, "buy", "sell"), (100, 101, "sell", "buy"), (200, 480, "sell", "buy")):
        for minute, what in ((entry, side), (leave, back)):
            scribe.at(START + minute * MINUTE)
            scribe.trade(what, "1", f"{rows[minute - 1].close / 100:.2f}")
    scribe.end()
    trades = scribe.report({"BTC/USDT": data}).figures.trades
    assert len(trades) == 3
    for trade in trades:
        seen = [c for c in rows if trade.entry_time < c.open_time + MINUTE <= trade.exit_time]
        entry = float(trade.entry_price)
        low, high = min(c.low for c in seen) / 100 / entry - 1, max(c.high for c in seen) / 100 / entry - 1
        low, high = min(low, 0.0), max(high, 0.0)
        expected = (low, high) if trade.side == "long" else (-high, -low)
        assert (trade.mae_rate, trade.mfe_rate) == pytest.approx(expected, abs=1e-12)
        assert trade.mae_rate <= trade.return_rate <= trade.mfe_rate


def test_an_order_is_held_against_the_volume_of_its_candle(tmp_path):
    rows = flat_candles([10_000] * 6)
    volumes = (10_000, 0, 5_000, 1_000, 1_000, 1_000)  # 10, 0, 5, 1, 1 and 1 base units
    data = dataset(tmp_path, [candle._replace(volume=v) for candle, v in zip(rows, volumes, strict=True)])
    fills = FillTimes()
    for minute, order, quantity in ((1, 1, 0.6), (1, 1, 0.4), (1, 2, 0.9), (2, 3, 0.001), (3, 2, 2.0), (4, 4, 0.1)):
        fills.ts.append(START + minute * MINUTE)
        fills.order.append(order)
        fills.quantity.append(quantity)
    candles = load(candles_of(data), first_ns=None, before_ns=None)
    found = volume_shares(candles, candles_of(data), fills)
    assert (found.orders, found.large) == (5, 2)  # on a candle without volume, and 2 of 5; exactly a tenth is not above
    assert found.largest == pytest.approx(0.4)


def test_without_any_volume_nothing_is_said_of_it(tmp_path):
    data = dataset(tmp_path, [candle._replace(volume=0) for candle in flat_candles([10_000] * 5)])
    fills = FillTimes()
    fills.ts.append(START)
    fills.order.append(1)
    fills.quantity.append(5.0)
    data = candles_of(data)
    assert volume_shares(load(data, first_ns=None, before_ns=None), data, fills) is None


@pytest.mark.parametrize("most", [1, 7, 499, 500, 2_000])
def test_thinned_candles_lose_no_extreme(market, most):
    rows, data = market[0], candles_of(market[1])
    prices = thinned(load(data, first_ns=None, before_ns=None), data, most=most)
    assert len(prices.open_time) <= most
    assert max(prices.high) == max(c.high for c in rows) / 100
    assert min(prices.low) == min(c.low for c in rows) / 100
    assert (prices.open[0], prices.close[-1]) == (rows[0].open / 100, rows[-1].close / 100)
    assert prices.open_time[0] == START


def test_only_the_window_is_looked_at(tmp_path):
    rows = flat_candles([10_001, 10_101, 10_201, 10_301])
    data = dataset(tmp_path, [*rows, Candle(START + 4 * MINUTE, 10_301, 99_901, 10_301, 10_301, 1)])
    candles = load(candles_of(data), first_ns=START + MINUTE, before_ns=START + 4 * MINUTE)
    assert candles.close.tolist() == [10_101, 10_201, 10_301]
    assert load(candles_of(data), first_ns=START + 9 * MINUTE, before_ns=None) is None


def test_a_price_is_the_last_close_of_the_window(tmp_path):
    from kernel.account import Account
    from research.report.prices import Prices

    data = dataset(tmp_path, flat_candles([10_000, 10_100, 10_200]))
    prices = Prices(
        Account("USDT", {}, {"BTC": "BTC/USDT"}), {"BTC/USDT": candles_of(data)}, before_ns=START + 2 * MINUTE
    )
    at = [prices.last("BTC/USDT", START + n * MINUTE) for n in range(5)]
    assert at == [None, 100, 101, 101, 101]
    assert prices.last("BTC/USDT", START + 2 * MINUTE - 1) == 100
    assert prices.worth(Decimal("0.5"), "BTC", START + MINUTE) == 50
    assert prices.worth(Decimal("0.5"), "USDT", 0) == Decimal("0.5")
    assert prices.unit("DOGE", START + MINUTE) is None

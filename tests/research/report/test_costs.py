"""Fees, slippage, liquidity, ambiguity: counted at each fill, and by asset."""

from decimal import Decimal

from kernel import events, messages
from tests.research.report.made import MINUTE, START, Scribe, dataset, flat_candles


def test_fees_are_kept_by_asset_and_counted_at_the_marks_of_their_fills(tmp_path):
    candles = {"BTC/USDT": flat_candles([10_000] * 9), "BNB/USDT": flat_candles([20_000, 30_000, 40_000] * 3)}
    scribe = Scribe(candles, BNB="1", marks={"BTC": "BTC/USDT", "BNB": "BNB/USDT"})
    scribe.at(START + MINUTE)
    scribe.trade("buy", "2", "100", fee="0.01", fee_asset="BNB")
    scribe.at(START + 2 * MINUTE)
    scribe.trade("sell", "1", "100", fee="0.01", fee_asset="BNB", liquidity="maker")
    scribe.trade("buy", "1", "100", fee="0.02", fee_asset="BTC")
    scribe.trade("sell", "1", "100", fee="3")
    scribe.end()
    data = {symbol: dataset(tmp_path, rows, symbol) for symbol, rows in candles.items()}
    costs = scribe.report(data).figures.costs
    assert {paid.asset: (paid.amount, paid.worth) for paid in costs.by_asset} == {
        "BNB": (Decimal("0.02"), 2 + 3),
        "BTC": (Decimal("0.02"), 2),
        "USDT": (3, 3),
    }
    assert (costs.fees, costs.traded, costs.fills) == (10, 500, 4)
    assert {kind.liquidity: (kind.fills, kind.fees) for kind in costs.by_liquidity} == {
        "maker": (1, 3),
        "taker": (3, 7),
    }


def test_slippage_is_price_times_quantity_and_limits_do_not_slip():
    scribe = Scribe({"BTC/USDT": flat_candles([10_000] * 9)})
    scribe.trade("buy", "2", "100", slippage=Decimal("0.25"))
    scribe.trade("sell", "1", "100")
    scribe.fill(scribe.order("sell", "1", kind="limit", price=Decimal(100)), "1", "100", liquidity="maker")
    scribe.end()
    costs = scribe.report({}).figures.costs
    assert (costs.slippage, costs.slippable, costs.slipped) == (Decimal("0.5"), 2, 1)


def test_an_ambiguous_candle_counts_once_however_many_fills_it_has():
    scribe = Scribe({"BTC/USDT": flat_candles([10_000] * 9), "ETH/USDT": flat_candles([10_000] * 9)})
    scribe.at(START + MINUTE)
    scribe.trade("buy", "1", "100", ambiguous=True)
    scribe.trade("sell", "1", "101", ambiguous=True)
    scribe.trade("buy", "1", "100", symbol="ETH/USDT", ambiguous=True)
    scribe.at(START + 2 * MINUTE)
    scribe.trade("sell", "1", "103", symbol="ETH/USDT", ambiguous=True)
    scribe.trade("buy", "1", "100")
    scribe.trade("sell", "1", "150")
    scribe.end()
    found = scribe.report({}).figures.ambiguity
    assert (found.candles, found.fills, found.trades, found.profit) == (3, 4, 2, 4)


def test_why_nothing_was_traded_is_counted_by_reason():
    scribe = Scribe({"BTC/USDT": flat_candles([10_000] * 9)})
    ts = scribe.state.ts
    scribe.skip(gate_closed=7, target_unchanged=2)
    scribe.skip(gate_closed=1)
    for _ in range(2):
        scribe.add(events.RiskRefused(ts, "trend", "BTC/USDT", 1, Decimal(1), "insufficient_cash", ""))
    scribe.add(messages.OrderRejected(ts, 0, 1, "invalid_price"))
    scribe.add(messages.OrderCanceled(ts, 0, 1, "oco"))
    scribe.add(messages.OrderExpired(ts, 0, 1, "gtd"))
    scribe.add(events.TradingStateChanged(ts, "", "", "halted", "drawdown", 0, "", flatten=True))
    scribe.end()
    figures = scribe.report({}).figures
    assert [(r.strategy, r.reason, r.count) for r in figures.skips] == [
        ("trend", "gate_closed", 8), ("trend", "target_unchanged", 2),
    ]  # fmt: skip
    assert {(r.what, r.strategy, r.reason, r.count) for r in figures.refusals} == {
        ("risk refused", "trend", "insufficient_cash", 2), ("order rejected", "", "invalid_price", 1),
        ("order canceled", "", "oco", 1), ("order expired", "", "gtd", 1), ("trading halted", "", "drawdown", 1),
    }  # fmt: skip

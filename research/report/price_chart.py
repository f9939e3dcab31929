"""The chart of a symbol's prices with the trades in them, in plotly's own figure texts (see charts.py)."""

from collections.abc import Sequence
from html import escape
from typing import Any

from kernel.money import canonical_text
from research.report.candles import PriceHistory
from research.report.measure import Report
from research.report.trades import Trade
from research.report.wording import amount, duration, percent

__all__ = ["price_charts"]

_TRADES_DRAWN = 1_000  # for each symbol: the largest profits and losses; more cannot be told apart
_FEW = 150  # marks that do not hide each other

Spec = dict[str, Any]


def price_charts(report: Report) -> dict[str, Spec]:
    """A chart for each symbol with candles: its prices, and the trades in it."""
    by_symbol: dict[str, list[Trade]] = {}
    for trade in report.figures.trades:
        by_symbol.setdefault(trade.symbol, []).append(trade)
    currency = report.figures.run.currency
    return {symbol: _price(prices, by_symbol.get(symbol, []), currency) for symbol, prices in report.prices.items()}


def _price(prices: PriceHistory, trades: Sequence[Trade], currency: str) -> Spec:
    shown = sorted(trades, key=lambda trade: abs(trade.profit), reverse=True)[:_TRADES_DRAWN]
    candles = {
        "type": "candlestick", "name": "price", "x": [ns // 10**6 for ns in prices.open_time], "open": prices.open,
        "high": prices.high, "low": prices.low, "close": prices.close, "hoverinfo": "x+y", "showlegend": False,
        "increasing": {"line": {"color": "@up", "width": 1}, "fillcolor": "@paper"},
        "decreasing": {"line": {"color": "@down", "width": 1}, "fillcolor": "@down"},
    }  # fmt: skip
    size = 8 if len(shown) <= _FEW else 5
    longs, shorts = ([t for t in shown if t.side == side] for side in ("long", "short"))
    wins, losses = [t for t in shown if t.profit > 0], [t for t in shown if t.profit <= 0]
    data = [
        candles,
        _ways(wins, "@gain"),
        _ways(losses, "@loss"),
        _entries(longs, "long entry", "triangle-up", size),
        _entries(shorts, "short entry", "triangle-down", size),
        _exits(wins, "exit, won", ("circle", "@gain", size), currency),
        _exits(losses, "exit, lost", ("x", "@loss", size), currency),
    ]
    some = f"the {len(shown):,} largest of {len(trades):,} trades are drawn" if len(shown) < len(trades) else ""
    layout = {
        "height": 520, "hovermode": "closest", "xaxis": {"type": "date", "rangeslider": {"visible": False}},
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0}, "meta": some,
    }  # fmt: skip
    return {"data": [trace for trace in data if len(trace["x"])], "layout": layout}


def _ways(trades: Sequence[Trade], color: str) -> Spec:
    """From entry to exit, a line a trade."""
    times = [ns for trade in trades for ns in (trade.entry_time // 10**6, trade.exit_time // 10**6, None)]
    prices = [price for trade in trades for price in (float(trade.entry_price), float(trade.exit_price), None)]
    return {
        "type": "scatter", "mode": "lines", "x": times, "y": prices,
        "line": {"color": color, "width": 1, "dash": "dot"}, "hoverinfo": "skip", "showlegend": False,
    }  # fmt: skip


def _entries(trades: Sequence[Trade], name: str, symbol: str, size: int) -> Spec:
    return {
        "type": "scatter", "mode": "markers", "name": name, "x": [trade.entry_time // 10**6 for trade in trades],
        "y": [float(trade.entry_price) for trade in trades],
        "marker": {"symbol": symbol, "size": size + 1, "color": "@ink", "line": {"color": "@paper", "width": 1}},
        "hovertext": [f"{escape(t.strategy)}<br>{t.side} {canonical_text(t.quantity)}" for t in trades],
        "hovertemplate": "%{hovertext}<br>at %{y:,.8~g}<br>%{x|%Y-%m-%d %H:%M}<extra></extra>",
    }  # fmt: skip


def _exits(trades: Sequence[Trade], name: str, mark: tuple[str, str, int], currency: str) -> Spec:
    symbol, color, size = mark
    texts = [
        f"{escape(t.strategy)}<br>{t.side}, left by {escape(t.exit_reason)} after {duration(t.holding_s)}"
        f"<br>profit {amount(t.profit)} {escape(currency)} ({percent(t.return_rate, signed=True)})"
        for t in trades
    ]
    return {
        "type": "scatter", "mode": "markers", "name": name, "x": [trade.exit_time // 10**6 for trade in trades],
        "y": [float(trade.exit_price) for trade in trades],
        "marker": {"symbol": symbol, "size": size, "color": color, "line": {"color": "@paper", "width": 1}},
        "hovertext": texts, "hovertemplate": "%{hovertext}<br>at %{y:,.8~g}<br>%{x|%Y-%m-%d %H:%M}<extra></extra>",
    }  # fmt: skip

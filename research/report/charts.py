"""What the charts of the page draw: plotly's own figure texts, with a colour's role (@gain) for its name.

The page puts the colours of its theme in their place. Texts of a configuration are escaped: plotly reads markup.
"""

from collections.abc import Mapping, Sequence
from html import escape
from itertools import pairwise
from math import ceil, log10
from typing import TYPE_CHECKING, Any

import numpy as np

from research.report.curve import Day, EquityCurve
from research.report.measure import Report
from research.report.performance import drawdowns, rolling_sharpe
from research.report.trades import Trade
from research.report.wording import amount, duration

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["charts"]

_POINTS = 2_000
_ROLLING_DAYS = 30
_BINS = 40

Spec = dict[str, Any]


def charts(report: Report) -> dict[str, Spec]:
    """The charts by name; one that has nothing to draw is left out."""
    figures, curve = report.figures, report.curve
    drawn = {"equity": _equity(curve, figures.run.currency), "exposure": _exposure(curve)}
    if len(figures.days) >= 2 * _ROLLING_DAYS:
        drawn["rolling_sharpe"] = _rolling(figures.days)
    if figures.trades:
        drawn["profits"] = _profits(figures.trades, figures.run.currency)
        drawn["holding"] = _holding(figures.trades)
    return drawn


def _equity(curve: EquityCurve, currency: str) -> Spec:
    equity = np.asarray(curve.equity)
    depths = drawdowns(equity)
    rows = _telling(equity)
    times = _milliseconds(np.asarray(curve.ts)[rows])
    line = {
        "type": "scatter", "mode": "lines", "name": "equity", "x": times, "y": _rounded(equity[rows]),
        "line": {"color": "@line", "width": 1.6}, "hovertemplate": f"%{{y:,.2f}} {escape(currency)}<extra></extra>",
    }  # fmt: skip
    below = {
        "type": "scatter", "mode": "lines", "name": "drawdown", "x": times, "y": _rounded(depths[rows]), "yaxis": "y2",
        "line": {"color": "@loss", "width": 1}, "fill": "tozeroy", "fillcolor": "@loss_area",
        "hovertemplate": "%{y:.2%}<extra>drawdown</extra>",
    }  # fmt: skip
    return {
        "data": [line, below],
        "layout": {
            "height": 460, "hovermode": "x unified", "showlegend": False, "xaxis": {"type": "date", "anchor": "y2"},
            "yaxis": {"domain": [0.33, 1], "title": {"text": escape(currency)}},
            "yaxis2": {"domain": [0, 0.26], "tickformat": "~%", "title": {"text": "drawdown"}},
        },
    }  # fmt: skip


def _exposure(curve: EquityCurve) -> Spec:
    exposure = np.asarray(curve.exposure)
    rows = _telling(exposure)
    area = {
        "type": "scatter", "mode": "lines", "x": _milliseconds(np.asarray(curve.ts)[rows]),
        "y": _rounded(exposure[rows]), "line": {"color": "@line", "width": 1, "shape": "hv"}, "fill": "tozeroy",
        "fillcolor": "@line_area", "hovertemplate": "%{x|%Y-%m-%d %H:%M}<br>%{y:.1%} of equity<extra></extra>",
    }  # fmt: skip
    layout = {"height": 280, "xaxis": {"type": "date"}, "yaxis": {"tickformat": "~%", "rangemode": "tozero"}}
    return {"data": [area], "layout": layout}


def _rolling(days: Sequence[Day]) -> Spec:
    ratios = rolling_sharpe([day.return_rate or 0.0 for day in days], _ROLLING_DAYS)
    shown = [(day.day, ratio) for day, ratio in zip(days, ratios, strict=True)][_ROLLING_DAYS - 1 :]
    line = {
        "type": "scatter", "mode": "lines", "x": [day for day, _ in shown],
        "y": [None if ratio is None else round(ratio, 4) for _, ratio in shown],
        "line": {"color": "@line", "width": 1.4}, "hovertemplate": "%{x|%Y-%m-%d}: %{y:.2f}<extra></extra>",
    }  # fmt: skip
    return {"data": [line], "layout": {"height": 280, "xaxis": {"type": "date"}, "yaxis": {"zeroline": True}}}


def _profits(trades: Sequence[Trade], currency: str) -> Spec:
    profits = np.asarray([float(trade.profit) for trade in trades])
    edges = _edges(profits)
    counts, _ = np.histogram(profits.clip(edges[0], edges[-1]), bins=edges)
    middles = (edges[:-1] + edges[1:]) / 2
    labels = [f"{amount(low)} to {amount(high)}" for low, high in pairwise(edges)]
    if profits.min() < edges[0]:
        labels[0] = f"{amount(edges[1])} or less"
    if profits.max() > edges[-1]:
        labels[-1] = f"{amount(edges[-2])} or more"
    bars = {
        "type": "bar", "x": _rounded(middles), "y": counts.tolist(), "width": _rounded(np.diff(edges)),
        "marker": {"color": ["@gain" if middle > 0 else "@loss" for middle in middles]}, "hovertext": labels,
        "hovertemplate": "%{hovertext}<br>%{y:,} trades<extra></extra>",
    }  # fmt: skip
    axis = {"title": {"text": f"profit of a trade, {escape(currency)}"}}
    return {"data": [bars], "layout": {"height": 280, "bargap": 0.05, "xaxis": axis, "yaxis": _TRADES_AXIS}}


def _edges(profits: "npt.NDArray[np.float64]") -> "npt.NDArray[np.float64]":
    """Bins of one width. Zero is an edge, so that no bin has winners and losers; the few far-off trades are outside."""
    low, high = np.quantile(profits, [0.01, 0.99]).tolist()
    width = (max(high, 0.0) - min(low, 0.0)) / _BINS or 1.0
    return np.arange(-max(ceil(-low / width), 1), max(ceil(high / width), 1) + 1) * width


def _holding(trades: Sequence[Trade]) -> Spec:
    """On a scale of powers of ten, since most are short and some very long."""
    powers = np.log10(np.maximum([trade.holding_s for trade in trades], 1.0))
    counts, edges = np.histogram(powers, bins=min(_BINS, 5 + len(trades) // 5))
    labels = [f"{duration(10**low)} to {duration(10**high)}" for low, high in pairwise(edges)]
    bars = {
        "type": "bar", "x": _rounded((edges[:-1] + edges[1:]) / 2), "y": counts.tolist(),
        "width": _rounded(np.diff(edges)), "marker": {"color": "@line"}, "hovertext": labels,
        "hovertemplate": "%{hovertext}<br>%{y:,} trades<extra></extra>",
    }  # fmt: skip
    ticks = [tick for tick in _HOLDING_TICKS if edges[0] <= log10(tick) <= edges[-1]]
    axis = {
        "tickvals": [log10(tick) for tick in ticks], "ticktext": [duration(tick) for tick in ticks],
        "title": {"text": "held for"},
    }  # fmt: skip
    return {"data": [bars], "layout": {"height": 280, "bargap": 0.05, "xaxis": axis, "yaxis": _TRADES_AXIS}}


_HOLDING_TICKS = (1, 10, 60, 300, 1_200, 3_600, 14_400, 43_200, 86_400, 259_200, 864_000, 2_592_000, 31_536_000)
_TRADES_AXIS: Mapping[str, Any] = {"title": {"text": "trades"}, "rangemode": "tozero"}


def _telling(values: "npt.NDArray[np.float64]") -> "npt.NDArray[np.int64]":
    """The rows to draw: all, or of equal pieces the lowest and the highest, so that no extreme is lost."""
    if len(values) <= _POINTS:
        return np.arange(len(values))
    pieces = np.array_split(np.arange(len(values)), _POINTS // 2 - 1)
    extremes = [row for piece in pieces for row in (piece[values[piece].argmin()], piece[values[piece].argmax()])]
    return np.unique([0, *extremes, len(values) - 1])


def _milliseconds(ns: "npt.NDArray[np.int64]") -> list[int]:
    times: list[int] = (ns // 10**6).tolist()
    return times


def _rounded(values: "npt.NDArray[np.float64]") -> list[float]:
    """To eight digits: a page need not carry the noise of floats."""
    return [float(f"{value:.8g}") for value in values.tolist()]

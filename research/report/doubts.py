"""Warnings "too good to be true": each looks at the published figures alone, names the one, and says why it matters.

Adding one is a function and a line in DOUBTS. A warning is no verdict: it says what to look at before believing.
"""

from collections.abc import Callable, Iterator, Mapping

from kernel.money import ZERO, canonical_text, parse
from research.report.figures import Doubt, Figures
from research.report.wording import amount, count, percent, share

__all__ = ["DOUBTS", "doubts"]

_TRADES_FEW = 30  # under it, a mean is within reach of luck
_TRADES_TELLING = 10

Check = Callable[[Figures], tuple[str, str] | None]


def doubts(figures: Figures) -> Iterator[Doubt]:
    """What of a report should not be believed before it was looked into."""
    for name, check in DOUBTS.items():
        found = check(figures)
        if found is not None:
            yield Doubt(name, *found)


def _sharpe(f: Figures) -> tuple[str, str] | None:
    ratio = f.metrics.sharpe
    if ratio is None or ratio <= 3:
        return None
    return (
        f"Sharpe {ratio:.2f}",
        "Above 3 for long is rare with any capital; look for look-ahead and for missing costs.",
    )


def _profit_factor(f: Figures) -> tuple[str, str] | None:
    m = f.metrics
    lossless = m.profit_factor is None and (m.win_rate or 0) > 0
    if m.trades < _TRADES_TELLING or not (lossless or (m.profit_factor or 0) > 3):
        return None
    figure = "no losing trade" if m.profit_factor is None else f"profit factor {m.profit_factor:.2f}"
    return figure, "Winners make more than three times what losers lose: rules fitted to these candles do that."


def _win_rate(f: Figures) -> tuple[str, str] | None:
    rate = f.metrics.win_rate
    if rate is None or rate <= 0.8:
        return None
    return (
        f"{share(rate)} of trades won",
        "Often small wins are taken and losses left open; the rare large loss is yet to come.",
    )


def _drawdown(f: Figures) -> tuple[str, str] | None:
    m = f.metrics
    if m.max_drawdown >= 0.01 or (m.total_return or 0) <= 0.2:
        return None
    figure = f"drawdown {percent(m.max_drawdown)} with a return of {share(m.total_return)}"
    return figure, "Profit without any way down is not what markets offer; look for prices from the future."


def _few_trades(f: Figures) -> tuple[str, str] | None:
    if f.metrics.trades >= _TRADES_FEW:
        return None
    return count(f.metrics.trades, "trade"), "Under 30 trades, every figure of them may be chance."


def _same_close(f: Figures) -> tuple[str, str] | None:
    if _venue(f).get("fill") != "same_close" or not f.costs.fills:
        return None
    return "venue.fill = same_close", "Orders fill at the very close they were decided on; no live order is that fast."


def _no_fees(f: Figures) -> tuple[str, str] | None:
    if not f.costs.fills or f.costs.fees != ZERO or any(paid.amount != ZERO for paid in f.costs.by_asset):
        return None
    return f"{f.costs.fills:,} fills, no fee", "Every venue takes one; frequent trading often lives on its absence."


def _no_slippage(f: Figures) -> tuple[str, str] | None:
    if not f.costs.slippable or f.costs.slipped:
        return None
    figure = f"{f.costs.slippable:,} fills at the market's price, none slipped"
    return figure, "Market orders cross the spread and meet a thin book; set venue.slippage_rate or spread_rate."


def _ambiguous(f: Figures) -> tuple[str, str] | None:
    a, profit = f.ambiguity, f.profit
    trades = a.trades / f.metrics.trades if f.metrics.trades else 0.0
    made = float(a.profit) / profit if profit > 0 else 0.0
    if trades <= 0.1 and made <= 0.05:
        return None
    figure = f"{share(trades)} of trades have an ambiguous candle; they made {amount(a.profit)}"
    return figure, "Their candles do not tell which price came first; run on finer candles, or with venue.path = worst."


def _concentrated(f: Figures) -> tuple[str, str] | None:
    profit = f.profit
    trade, day = (f.metrics.best_trade or 0.0), max((float(day.profit) for day in f.days), default=0.0)
    if profit <= 0 or max(trade, day) <= 0.5 * profit:
        return None
    what, most = ("trade", trade) if trade >= day else ("day", day)
    return f"one {what} made {share(most / profit)} of the profit", "Without that one the run is another one."


def _costs_doubled(f: Figures) -> tuple[str, str] | None:
    costs = float(f.costs.fees) + float(f.costs.slippage)
    if f.profit <= 0 or f.profit > costs:
        return None
    return f"profit {f.profit:,.2f}, costs {costs:,.2f}", "Were costs twice as high, nothing would be left."


def _touch(f: Figures) -> tuple[str, str] | None:
    probability = str(_venue(f).get("limit_touch_probability", "0"))
    if parse(probability) == ZERO:
        return None
    figure = f"venue.limit_touch_probability = {canonical_text(parse(probability))}"
    return figure, "A limit order that price only touches is last in a queue; many never fill."


def _within_a_candle(f: Figures) -> tuple[str, str] | None:
    short, count = f.metrics.trades_within_a_candle, f.metrics.trades
    if not count or short <= 0.1 * count:
        return None
    return (
        f"{short:,} of {count:,} trades within one candle",
        "What happens inside a candle is a guess; use finer ones.",
    )


def _large_orders(f: Figures) -> tuple[str, str] | None:
    c = f.costs
    if not c.large_orders:
        return None
    largest = f", the largest {share(c.largest_share)}" if c.largest_share is not None else ""
    figure = f"{c.large_orders:,} of {c.sized_orders:,} orders above 10 % of a candle's volume{largest}"
    return figure, "Orders of that size move the price against themselves; set venue.impact_rate or volume_share."


def _smooth(f: Figures) -> tuple[str, str] | None:
    fit = f.metrics.smoothness
    if fit is None or fit <= 0.98 or (f.metrics.total_return or 0) <= 0:
        return None
    return f"R² {fit:.3f} of log equity on time", "A straight line is what fraud, look-ahead and hidden risk look like."


def _venue(f: Figures) -> Mapping[str, object]:
    venue = f.definition.get("venue")
    return venue if isinstance(venue, dict) else {}


DOUBTS: dict[str, Check] = {
    "sharpe_high": _sharpe,
    "profit_factor_high": _profit_factor,
    "win_rate_high": _win_rate,
    "drawdown_absent": _drawdown,
    "curve_smooth": _smooth,
    "trades_few": _few_trades,
    "profit_concentrated": _concentrated,
    "costs_doubled": _costs_doubled,
    "fees_absent": _no_fees,
    "slippage_absent": _no_slippage,
    "fills_at_same_close": _same_close,
    "limits_at_touch": _touch,
    "candles_ambiguous": _ambiguous,
    "holding_short": _within_a_candle,
    "orders_large": _large_orders,
}

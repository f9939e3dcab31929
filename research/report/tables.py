"""The tables of a report, as texts: the page and the terminal show the same ones."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from kernel.money import canonical_text
from research.report.figures import Figures, Group
from research.report.trades import Trade
from research.report.wording import NOTHING, amount, count, duration, minute, number, percent, whole

__all__ = ["TABLES", "Table", "headline"]

_EXTREMES = 10  # of the best and of the worst trades


class Table(NamedTuple):
    """Headings, and rows of as many texts; the first column is words, the others numbers unless `words` counts more."""

    title: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""
    words: int = 1


def headline(f: Figures) -> Sequence[tuple[str, str, str]]:
    """What one looks at first: name, figure, and what stands below it."""
    m, e = f.metrics, f.equity
    sharpe = f"95 %: {number(m.sharpe_low)} to {number(m.sharpe_high)}" if m.sharpe is not None else "too few days"
    return (
        ("Final equity", whole(e.final), f"{f.run.currency}, from {whole(e.starting)}"),
        ("Return", percent(m.total_return, signed=True), f"{percent(m.cagr, signed=True)} a year" if m.cagr else ""),
        ("Max drawdown", percent(m.max_drawdown), "of the highest equity before"),
        ("Sharpe", number(m.sharpe), sharpe),
        ("Trades", count(m.trades), f"{duration(m.median_holding_s)} held, the median" if m.trades else ""),
        ("Win rate", percent(m.win_rate), f"profit factor {number(m.profit_factor)}"),
    )


def _metrics(f: Figures) -> Table:
    m = f.metrics
    rows = [
        ("Total return", percent(m.total_return)),
        ("Growth a year (CAGR)", percent(m.cagr)),
        ("Volatility a year", percent(m.volatility)),
        ("Sharpe", number(m.sharpe)),
        ("Sharpe, 95 % from", number(m.sharpe_low)),
        ("Sharpe, 95 % to", number(m.sharpe_high)),
        ("Sortino", number(m.sortino)),
        ("Calmar", number(m.calmar)),
        ("Max drawdown", percent(m.max_drawdown)),
        ("Best day", percent(m.best_day)),
        ("Worst day", percent(m.worst_day)),
        ("Time in market", percent(m.time_in_market)),
        ("Turnover (x equity)", number(m.turnover)),
        ("Profit factor", number(m.profit_factor)),
        ("Expectancy a trade", amount(m.expectancy)),
        ("Mean win", amount(m.mean_win)),
        ("Mean loss", amount(m.mean_loss)),
        ("Best trade", amount(m.best_trade)),
        ("Worst trade", amount(m.worst_trade)),
        ("Winning streak", count(m.longest_winning_streak)),
        ("Losing streak", count(m.longest_losing_streak)),
        ("Smoothness (R²)", number(m.smoothness)),
    ]
    return Table("Metrics", ("", ""), rows, f"of {count(m.days, 'daily return')}; a year: 365 days")


def _equity(f: Figures) -> Table:
    e = f.equity
    rows = [
        ("Starting equity", canonical_text(e.starting)),
        ("Trades, net of fees", canonical_text(e.trades)),
        ("Open positions, net", canonical_text(e.open_positions)),
        ("Revaluation", canonical_text(e.revaluation)),
        ("Final equity", canonical_text(e.final)),
    ]
    return Table(f"Where it went, in {f.run.currency}", ("", ""), rows, "exact: four lines add up to the last")


def _group_table(title: str, name: str, pick: Callable[[Figures], Sequence[Group]]) -> Callable[[Figures], Table]:
    def table(f: Figures) -> Table:
        groups = pick(f)
        opened = any(group.open_profit for group in groups)
        rows = [
            (
                group.name,
                count(group.trades),
                percent(group.win_rate),
                amount(group.profit),
                amount(group.mean_profit),
                amount(group.fees),
                *([amount(group.open_profit)] if opened else []),
            )
            for group in groups
        ]
        headings = (name, "trades", "won", "profit", "mean", "fees", *(["open"] if opened else []))
        return Table(title, headings, rows)

    return table


def _costs(f: Figures) -> Table:
    c = f.costs
    rows = [("Fees", amount(c.fees)), ("Slippage", amount(c.slippage)), ("Traded", amount(c.traded))]
    rows += [(f"Paid in {paid.asset}", canonical_text(paid.amount)) for paid in c.by_asset]
    for kind in c.by_liquidity:
        if kind.fills:
            rows.append((f"Fees as {kind.liquidity}", f"{amount(kind.fees)} ({count(kind.fills, 'fill')})"))
    rows.append(("Orders", f"{count(c.orders)} ({count(c.fills, 'fill')})"))
    share = NOTHING if c.largest_share is None else percent(c.largest_share)
    rows.append(("Largest volume share", share))
    return Table(f"Costs, in {f.run.currency}", ("", ""), rows)


def _skips(f: Figures) -> Table:
    rows = [(reason.strategy, reason.reason, count(reason.count)) for reason in f.skips]
    return Table("Why candles were skipped", ("strategy", "reason", "candles"), rows, words=2)


def _refusals(f: Figures) -> Table:
    rows = [(reason.what, reason.strategy, reason.reason, count(reason.count)) for reason in f.refusals]
    return Table("What was refused, or ended unfilled", ("what", "strategy", "reason", "times"), rows, words=3)


def _ambiguity(f: Figures) -> Table:
    a = f.ambiguity
    rows = [
        ("Candles", count(a.candles)),
        ("Fills", count(a.fills)),
        ("Trades", count(a.trades)),
        ("Profit of those trades", amount(a.profit)),
    ]
    note = "on these the candle does not tell which of several prices came first"
    return Table("Ambiguous candles", ("", ""), rows if a.fills else [], note)


def _open(f: Figures) -> Table:
    rows = [
        (
            position.strategy,
            position.symbol,
            canonical_text(position.quantity) + (" (dust)" if position.dust else ""),
            canonical_text(position.cost),
            NOTHING if position.price is None else canonical_text(position.price),
            amount(position.profit),
        )
        for position in f.open_positions
    ]
    headings = ("strategy", "symbol", "quantity", "cost", "last price", "profit")
    return Table("Open positions", headings, rows, words=2)


def _extremes(f: Figures) -> Table:
    ordered = sorted(f.trades, key=lambda trade: trade.profit, reverse=True)
    shown = ordered if len(ordered) <= 2 * _EXTREMES else [*ordered[:_EXTREMES], *ordered[-_EXTREMES:]]
    headings = ("strategy", "symbol", "side", "exit", "entered", "held", "quantity", "profit", "return")
    return Table("Best and worst trades", headings, [_trade(trade) for trade in shown], words=4)


def _trade(trade: Trade) -> tuple[str, ...]:
    return (
        trade.strategy,
        trade.symbol,
        trade.side,
        trade.exit_reason,
        minute(trade.entry_time),
        duration(trade.holding_s),
        canonical_text(trade.quantity),
        amount(trade.profit),
        percent(trade.return_rate),
    )


TABLES: dict[str, Callable[[Figures], Table]] = {
    "metrics": _metrics,
    "equity": _equity,
    "costs": _costs,
    "exit_reasons": _group_table("By exit reason", "exit", lambda f: f.exit_reasons),
    "symbols": _group_table("By symbol", "symbol", lambda f: f.symbols),
    "strategies": _group_table("By strategy", "strategy", lambda f: f.strategies),
    "open_positions": _open,
    "skips": _skips,
    "refusals": _refusals,
    "ambiguity": _ambiguity,
    "extremes": _extremes,
}

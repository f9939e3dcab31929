"""The statistics of a run, and of groups of its trades: floats, but for the sums."""

from collections.abc import Sequence
from decimal import Decimal
from statistics import median

import numpy as np

from kernel.money import ZERO, total
from research.report import performance
from research.report.curve import Day, EquityCurve
from research.report.figures import Group, Metrics
from research.report.ledger import Ledger
from research.report.trades import OpenPosition, Trade

__all__ = ["groups_of", "metrics_of"]


def metrics_of(trades: Sequence[Trade], days: Sequence[Day], curve: EquityCurve, ledger: Ledger) -> Metrics:
    """All of them. After an equity that is not above zero there are no returns, and nothing that stands on them."""
    profits = [float(trade.profit) for trade in trades]
    wins, losses = [p for p in profits if p > 0], [p for p in profits if p < 0]
    starting, final = float(curve.starting), float(curve.final)
    known = [day.return_rate for day in days if day.return_rate is not None]
    returns = known if len(known) == len(days) else []
    daily = [starting, *(float(day.equity) for day in days)]
    elapsed = curve.ended - curve.started
    grown, deepest = performance.cagr(starting, final, elapsed), performance.max_drawdown(np.asarray(curve.equity))
    ratio = performance.sharpe(returns)
    mean_equity = sum(daily) / len(daily)
    return Metrics(
        trades=len(trades),
        days=len(days),
        total_return=(final - starting) / starting if starting > 0 else None,
        cagr=grown,
        volatility=performance.volatility(returns),
        sharpe=ratio and ratio.ratio,
        sharpe_low=ratio and ratio.low,
        sharpe_high=ratio and ratio.high,
        sortino=performance.sortino(returns),
        calmar=grown / deepest if grown is not None and deepest > 0 else None,
        max_drawdown=deepest,
        win_rate=len(wins) / len(profits) if profits else None,
        profit_factor=performance.profit_factor(profits),
        expectancy=_mean(profits),
        mean_win=_mean(wins),
        mean_loss=_mean(losses),
        best_trade=max(profits, default=None),
        worst_trade=min(profits, default=None),
        longest_winning_streak=performance.streak(profits, winning=True),
        longest_losing_streak=performance.streak(profits, winning=False),
        best_day=max(returns, default=None),
        worst_day=min(returns, default=None),
        turnover=float(ledger.costs.traded) / mean_equity if mean_equity > 0 else None,
        time_in_market=ledger.in_market_ns / elapsed if elapsed > 0 else None,
        median_holding_s=median(trade.holding_s for trade in trades) if trades else None,
        trades_within_a_candle=sum(trade.bars < 1 for trade in trades),
        smoothness=performance.smoothness(daily),
    )


def groups_of(trades: Sequence[Trade], opened: Sequence[OpenPosition], key: str) -> tuple[Group, ...]:
    """The trades by one of their fields, the most profitable group first."""
    members: dict[str, list[Trade]] = {getattr(position, key): [] for position in opened}
    for trade in trades:
        members.setdefault(getattr(trade, key), []).append(trade)

    def held(name: str) -> Decimal:
        return total(position.profit for position in opened if getattr(position, key) == name)

    groups = [
        Group(
            name=name,
            trades=len(among),
            win_rate=sum(trade.profit > ZERO for trade in among) / len(among) if among else None,
            profit=total(trade.profit for trade in among),
            fees=total(trade.fees for trade in among),
            mean_profit=_mean([float(trade.profit) for trade in among]),
            open_profit=held(name),
        )
        for name, among in members.items()
    ]
    return tuple(sorted(groups, key=lambda group: (-float(group.profit), group.name)))


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None

"""Statistics of a run, as floats: of its daily returns, of its equity, of its trades. None where there are too few.

Crypto trades every day: a year has 365 periods. Returns are simple ones; nothing is deducted for a riskless rate.
"""

from collections.abc import Sequence
from itertools import groupby
from math import log, sqrt
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from kernel.timeframe import DAY_NS

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = [
    "Sharpe", "cagr", "drawdowns", "max_drawdown", "profit_factor", "rolling_sharpe", "sharpe", "smoothness", "sortino",
    "streak", "volatility",
]  # fmt: skip

_YEAR = 365
_NORMAL_95 = 1.959963984540054
_CAGR_DAYS_MIN = 30  # a few days, compounded to a year, say nothing

if TYPE_CHECKING:
    Floats = npt.NDArray[np.float64]


class Sharpe(NamedTuple):
    """The annualised Sharpe ratio, and where it lies with 95 % confidence."""

    ratio: float
    low: float
    high: float


def sharpe(returns: Sequence[float]) -> Sharpe | None:
    """Mean over standard deviation of daily returns; None for fewer than two, or where they are all the same.

    Source: Lo 2002, Mertens 2002: the error of the daily ratio is sqrt((1 - skew * SR + (kurtosis - 1) / 4 * SR**2) /
    (n - 1)), which needs no normal returns, but independent ones.

    >>> round(sharpe([0.01, -0.01, 0.02, 0.0]).ratio, 3)
    7.399
    """
    r = np.asarray(returns, dtype=np.float64)
    spread = float(r.std(ddof=1)) if len(r) > 1 else 0.0
    if not _varies(r, spread):
        return None
    daily = float(r.mean()) / spread
    z = (r - r.mean()) / r.std()
    skew, kurtosis = float((z**3).mean()), float((z**4).mean())
    error = sqrt(max(0.0, 1 - skew * daily + (kurtosis - 1) / 4 * daily**2) / (len(r) - 1))
    year = sqrt(_YEAR)
    reach = _NORMAL_95 * error
    return Sharpe(daily * year, (daily - reach) * year, (daily + reach) * year)


def _varies(returns: "Floats", spread: float) -> bool:
    """A spread that is nothing but the rounding of a mean is none."""
    return len(returns) > 1 and spread > 1e-14 * float(np.abs(returns).max(initial=0.0)) and spread > 0


def sortino(returns: Sequence[float]) -> float | None:
    """Mean over the root of the mean square of the losses, annualised; None without a loss."""
    r = np.asarray(returns, dtype=np.float64)
    down = sqrt(float((np.minimum(r, 0) ** 2).mean())) if len(r) > 1 else 0.0
    return float(r.mean()) / down * sqrt(_YEAR) if down > 0 else None


def volatility(returns: Sequence[float]) -> float | None:
    """The standard deviation of daily returns, annualised."""
    return float(np.std(np.asarray(returns), ddof=1)) * sqrt(_YEAR) if len(returns) > 1 else None


def cagr(starting: float, final: float, elapsed_ns: int) -> float | None:
    """The yearly growth that would give the same; None for less than 30 days."""
    days = elapsed_ns / DAY_NS
    if days < _CAGR_DAYS_MIN or starting <= 0 or final <= 0:
        return None
    return float((final / starting) ** (_YEAR / days) - 1)


def drawdowns(equity: "Floats") -> "Floats":
    """How far each equity is below the highest before it, as a share of that: 0 or negative."""
    peaks = np.maximum.accumulate(equity)
    return np.divide(equity - peaks, peaks, out=np.zeros_like(equity), where=peaks > 0)


def max_drawdown(equity: "Floats") -> float:
    """The deepest of them, as a positive share."""
    return -float(drawdowns(equity).min(initial=0.0))


def rolling_sharpe(returns: Sequence[float], window: int) -> Sequence[float | None]:
    """The annualised Sharpe ratio of the last `window` daily returns; None before there are as many."""
    r = np.asarray(returns, dtype=np.float64)
    if len(r) < window:
        return [None] * len(r)
    windows = np.lib.stride_tricks.sliding_window_view(r, window)
    means, spreads = windows.mean(axis=1), windows.std(axis=1, ddof=1)
    ratios = [m / s * sqrt(_YEAR) if s > 1e-12 else None for m, s in zip(means.tolist(), spreads.tolist(), strict=True)]
    return [None] * (window - 1) + ratios


def smoothness(equity: Sequence[float]) -> float | None:
    """R squared of the logarithm of daily equity on time: 1 is a line that no market draws. None for fewer than 20."""
    if len(equity) < 20 or min(equity) <= 0:
        return None
    logs = np.asarray([log(value) for value in equity])
    spread = float(logs.std())
    if spread <= 1e-12:
        return None
    return float(np.corrcoef(np.arange(len(logs)), logs)[0, 1] ** 2)


def profit_factor(profits: Sequence[float]) -> float | None:
    """What winners made over what losers lost; None where nothing was lost."""
    lost = -sum(profit for profit in profits if profit < 0)
    return sum(profit for profit in profits if profit > 0) / lost if lost > 0 else None


def streak(profits: Sequence[float], *, winning: bool) -> int:
    """The most trades in a row that won, or lost."""
    runs: Any = groupby(profits, key=lambda profit: profit > 0 if winning else profit < 0)
    return max((sum(1 for _ in members) for hit, members in runs if hit), default=0)

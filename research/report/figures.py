"""Every figure of a report, by name: what `--json` prints, the page shows and the warnings judge.

Rule of this file: inside, money is `Decimal` and times are ns; `published` makes texts of both, in one place.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import msgspec

from kernel.money import canonical_text
from kernel.timeframe import iso
from research.report.costs import FeeAsset, Liquidity
from research.report.curve import Day, Month
from research.report.tallies import Reason
from research.report.trades import OpenPosition, Trade

__all__ = ["Ambiguity", "Costs", "Doubt", "Equity", "Figures", "Group", "Metrics", "RunFacts", "published"]


class RunFacts(msgspec.Struct, frozen=True):
    """Which run this is. `ended` is false where the log stops before the market's end, after a crash for example."""

    run: str
    stream: str
    records: int
    log_head: str
    decisions_digest: str
    ended: bool
    start_time: int
    end_time: int
    strategies: tuple[str, ...]
    markets: tuple[str, ...]
    currency: str


class Equity(msgspec.Struct, frozen=True):
    """Where the account's worth went, exact: starting + trades + open_positions + revaluation = final.

    `revaluation` is what the account gained because prices moved assets that no trade answers for: what it began with,
    and profits and fees in other assets after they were booked. `unexplained` is what the log's last mark says beyond
    the bookings at last prices; None where something has no price.
    """

    starting: Decimal
    trades: Decimal
    open_positions: Decimal
    revaluation: Decimal
    final: Decimal
    unexplained: Decimal | None


class Metrics(msgspec.Struct, frozen=True):
    """Statistics, as floats; rates are shares (0.1 is 10 %), money in the account's currency, None is unknown."""

    trades: int
    days: int
    total_return: float | None
    cagr: float | None
    volatility: float | None
    sharpe: float | None
    sharpe_low: float | None
    sharpe_high: float | None
    sortino: float | None
    calmar: float | None
    max_drawdown: float
    win_rate: float | None
    profit_factor: float | None
    expectancy: float | None
    mean_win: float | None
    mean_loss: float | None
    best_trade: float | None
    worst_trade: float | None
    longest_winning_streak: int
    longest_losing_streak: int
    best_day: float | None
    worst_day: float | None
    turnover: float | None
    time_in_market: float | None
    median_holding_s: float | None
    trades_within_a_candle: int
    smoothness: float | None


class Costs(msgspec.Struct, frozen=True):
    """What trading cost. `traded`, `fees` and `slippage` in the account's currency, at the marks of each fill.

    `slippable` fills took the market's price, `slipped` of them a worse one than it showed. `large_orders` took more
    than a tenth of a candle's volume, of the `sized_orders` whose candle has one; `largest_share` is the largest.
    """

    orders: int
    fills: int
    traded: Decimal
    fees: Decimal
    slippage: Decimal
    by_asset: tuple[FeeAsset, ...]
    by_liquidity: tuple[Liquidity, ...]
    slippable: int
    slipped: int
    sized_orders: int
    large_orders: int
    largest_share: float | None


class Ambiguity(msgspec.Struct, frozen=True):
    """Candles that do not tell which of several prices came first, the fills and trades on them, and their profit."""

    candles: int
    fills: int
    trades: int
    profit: Decimal


class Group(msgspec.Struct, frozen=True):
    """The trades that have something in common."""

    name: str
    trades: int
    win_rate: float | None
    profit: Decimal
    fees: Decimal
    mean_profit: float | None
    open_profit: Decimal


class Doubt(msgspec.Struct, frozen=True):
    """Something that is too good to be true, the figure that shows it, and why it matters."""

    name: str
    figure: str
    why: str


class Figures(msgspec.Struct, frozen=True):
    """The whole report. `definition` is the run's, as its file has it."""

    run: RunFacts
    warnings: tuple[Doubt, ...]
    notes: tuple[str, ...]
    equity: Equity
    metrics: Metrics
    costs: Costs
    ambiguity: Ambiguity
    exit_reasons: tuple[Group, ...]
    symbols: tuple[Group, ...]
    strategies: tuple[Group, ...]
    skips: tuple[Reason, ...]
    refusals: tuple[Reason, ...]
    records: dict[str, int]
    months: tuple[Month, ...]
    days: tuple[Day, ...]
    open_positions: tuple[OpenPosition, ...]
    trades: tuple[Trade, ...]
    definition: dict[str, Any]

    @property
    def profit(self) -> float:
        """What the account made, roughly: for shares of it."""
        return float(self.equity.final) - float(self.equity.starting)


def published(value: Any, name: str = "") -> Any:
    """What a program reads: structs as mappings, exact amounts as texts, a field that ends with `_time` as ISO time."""
    if isinstance(value, Decimal):
        return canonical_text(value)
    if isinstance(value, msgspec.Struct):
        return {field: published(getattr(value, field), field) for field in value.__struct_fields__}
    if isinstance(value, dict):
        return {key: published(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [published(item) for item in value]
    if name.endswith("_time") and value is not None:
        return iso(value)
    return value

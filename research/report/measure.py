"""From what was read to the figures: sums are exact, statistics are floats."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from kernel.money import ZERO, add, subtract, total
from research.report.candles import PriceHistory, VolumeShares, excursions, load, thinned, volume_shares
from research.report.curve import EquityCurve, months_of
from research.report.doubts import doubts
from research.report.figures import Ambiguity, Costs, Equity, Figures, RunFacts
from research.report.ledger import Ledger
from research.report.market import Market
from research.report.metrics import groups_of, metrics_of
from research.report.reading import Reading
from research.report.trades import OpenPosition, Trade

__all__ = ["Report", "Run", "measure"]

_CANDLES_DRAWN = 2_000  # for each symbol: more than a screen has columns


class Run(NamedTuple):
    """What a run's definition says: markets by symbol, the window's bounds (ns, UTC), and all of it for the reader."""

    run: str
    stream: str
    markets: Mapping[str, Market]
    first_ns: int | None
    before_ns: int | None
    definition: dict[str, Any]


class Report(NamedTuple):
    """The figures, and what the charts draw besides."""

    figures: Figures
    curve: EquityCurve
    prices: Mapping[str, PriceHistory]


def measure(run: Run, reading: Reading) -> Report:
    """The report of a run whose log was read to its end."""
    ledger, curve = reading.ledger, reading.curve
    ledger.end(curve.ended)
    prices, shares = _look_up(run, ledger)
    trades = tuple(ledger.trades)
    opened = tuple(ledger.open_positions(curve.ended))
    equity = _equity(ledger, curve, opened)
    days = tuple(curve.days())
    figures = Figures(
        run=_facts(run, reading),
        warnings=(),
        notes=tuple(_notes(run, reading, equity)),
        equity=equity,
        metrics=metrics_of(trades, days, curve, ledger),
        costs=_costs(reading, shares),
        ambiguity=_ambiguity(ledger, trades),
        exit_reasons=groups_of(trades, (), "exit_reason"),
        symbols=groups_of(trades, opened, "symbol"),
        strategies=groups_of(trades, opened, "strategy"),
        skips=tuple(reading.tallies.skips),
        refusals=tuple(reading.tallies.refusals),
        records=dict(reading.tallies.records.most_common()),
        months=tuple(months_of(days, curve.starting)),
        days=days,
        open_positions=opened,
        trades=trades,
        definition=run.definition,
    )
    return Report(msgspec.structs.replace(figures, warnings=tuple(doubts(figures))), curve, prices)


def _look_up(run: Run, ledger: Ledger) -> tuple[dict[str, PriceHistory], list[VolumeShares]]:
    """Market by market, so that the candles of one are in memory at a time; the trades learn how far they went."""
    prices: dict[str, PriceHistory] = {}
    shares: list[VolumeShares] = []
    places: dict[str, list[int]] = {}
    for place, trade in enumerate(ledger.trades):
        places.setdefault(trade.symbol, []).append(place)
    for symbol, market in run.markets.items():
        source = market.candles
        candles = load(source, first_ns=run.first_ns, before_ns=run.before_ns) if source is not None else None
        if source is None or candles is None:
            continue
        prices[symbol] = thinned(candles, source, most=_CANDLES_DRAWN)
        found = volume_shares(candles, source, ledger.fills[symbol]) if symbol in ledger.fills else None
        if found is not None:
            shares.append(found)
        here = places.get(symbol, [])
        for place, trade in zip(here, excursions(candles, source, [ledger.trades[p] for p in here]), strict=True):
            ledger.trades[place] = trade
    return prices, shares


def _facts(run: Run, reading: Reading) -> RunFacts:
    opened, curve = reading.opened, reading.curve
    return RunFacts(
        run=run.run,
        stream=run.stream,
        records=reading.records,
        log_head=reading.head.hex(),
        decisions_digest=reading.decisions.hexdigest(),
        ended=reading.ended,
        start_time=curve.started,
        end_time=curve.ended,
        strategies=opened.strategies,
        markets=tuple(instrument.symbol for instrument in opened.instruments),
        currency=opened.account.currency,
    )


def _notes(run: Run, reading: Reading, equity: Equity) -> Iterable[str]:
    absent = [symbol for symbol, market in run.markets.items() if market.candles is None]
    if absent:
        yield f"the candles of {', '.join(absent)} are not here: their last prices are those of the newest fills"
    if not reading.ended:
        yield "the log stops before the market's end: open positions are valued at the last candles that had closed"
    if equity.unexplained is None:
        yield "something in the account has no price, so its worth cannot be computed from the bookings"
    elif equity.unexplained != ZERO:
        yield f"the bookings at last prices differ from the log's last mark by {equity.unexplained}: see revaluation"


def _equity(ledger: Ledger, curve: EquityCurve, opened: Sequence[OpenPosition]) -> Equity:
    made = total(trade.profit for trade in ledger.trades)
    held = total(position.profit for position in opened)
    worth = ledger.worth(curve.ended)
    return Equity(
        starting=curve.starting,
        trades=made,
        open_positions=held,
        revaluation=subtract(subtract(curve.final, curve.starting), add(made, held)),
        final=curve.final,
        unexplained=None if worth is None else subtract(curve.final, worth),
    )


def _costs(reading: Reading, shares: Sequence[VolumeShares]) -> Costs:
    costs = reading.ledger.costs
    return Costs(
        orders=reading.tallies.records["OrderRequested"],
        fills=costs.fills,
        traded=costs.traded,
        fees=costs.paid,
        slippage=costs.slippage,
        by_asset=tuple(costs.fees.values()),
        by_liquidity=tuple(costs.liquidity.values()),
        slippable=costs.slippable,
        slipped=costs.slipped,
        sized_orders=sum(found.orders for found in shares),
        large_orders=sum(found.large for found in shares),
        largest_share=max((found.largest for found in shares), default=None),
    )


def _ambiguity(ledger: Ledger, trades: Sequence[Trade]) -> Ambiguity:
    among = [trade for trade in trades if trade.ambiguous]
    counts = ledger.costs.ambiguous
    return Ambiguity(len(counts), counts.total(), len(among), total(trade.profit for trade in among))

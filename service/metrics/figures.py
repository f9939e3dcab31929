"""The figures of the account and the markets as a fold holds them, by metric and labels. Reads, changes nothing.

The one crossing from exact money to the floats of Prometheus.
"""

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal

from kernel.money import from_units, multiply, subtract
from kernel.orders import TERMINAL, OrderState
from kernel.portfolio import is_priced
from kernel.risk.exposure import exposure
from kernel.risk.protections import Protection
from kernel.risk.trading import SEVERITY
from kernel.state import Market, State
from kernel.timeframe import NS_PER_SECOND
from service.metrics.domain import DomainFold
from service.metrics.tallies import OTHER, Labels

__all__ = ["figures"]

Figure = tuple[str, Labels, float]
_ASSETS_MAX = 64  # the asset of a fee is a venue's word
_LIVE = tuple(str(state) for state in OrderState if state not in TERMINAL)
_CAUSES = ("command", *(str(kind.__struct_config__.tag) for kind in Protection.__args__), OTHER)


def figures(fold: DomainFold) -> Iterator[Figure]:
    """Every figure: name, labels, value. Before the stream was opened there is none."""
    state = fold.state
    if not state.definition:
        return
    yield "candled_market_timestamp_seconds", (), _seconds(state.ts)
    yield "candled_market_ended", (), float(state.ended_market)
    for symbol, market in state.markets.items():
        yield "candled_feed_live", (symbol,), float(symbol not in fold.tallies.stale)
        if market.last:
            yield "candled_last_candle_timestamp_seconds", (symbol,), _seconds(market.ts)
            yield "candled_last_price", (symbol,), float(_last(market))
    yield from _account(state)
    yield from _exposure(state)
    yield from _positions(fold)
    yield from _orders(state)
    yield from _restrictions(state)


def _account(state: State) -> Iterator[Figure]:
    currency = (state.account.currency,)
    for asset in list(state.fees)[:_ASSETS_MAX]:
        yield "candled_fees", (asset,), float(state.fees[asset])
    if state.opened:
        yield "candled_equity", currency, float(state.equity)
        yield "candled_opening_equity", currency, float(state.opening_equity)
        yield "candled_day_equity", currency, float(state.day_equity)
        yield "candled_peak_equity", currency, float(state.peak)
        fallen = float(subtract(state.peak, state.equity))
        yield "candled_drawdown_ratio", (), fallen / float(state.peak) if state.peak > 0 else 0.0


def _exposure(state: State) -> Iterator[Figure]:
    """As the limits count it; not before everything that is held has a price."""
    if is_priced(state):
        yield "candled_net_exposure", (), float(exposure(state, state.books).net)
        for strategy in state.books:
            yield "candled_gross_exposure", (strategy,), float(exposure(state, (strategy,)).gross)


def _positions(fold: DomainFold) -> Iterator[Figure]:
    """Of whatever was traded once."""
    state = fold.state
    for labels, profit in fold.tallies.amounts.get("candled_realized_profit", {}).items():
        strategy, symbol = labels
        position = state.books[strategy].positions[symbol]
        yield "candled_realized_profit", labels, float(profit)
        yield "candled_position_quantity", labels, float(position.quantity)
        yield "candled_position_notional", labels, float(multiply(position.quantity, _last(state.markets[symbol])))
    for labels, turnover in fold.tallies.amounts.get("candled_turnover", {}).items():
        yield "candled_turnover", labels, float(turnover)


def _orders(state: State) -> Iterator[Figure]:
    yield "candled_quarantined_orders", (), float(len(state.quarantined))
    live = Counter((order.request.strategy, str(order.state)) for order in state.orders.values())
    for strategy, book in state.books.items():
        yield "candled_round_trips", (strategy,), float(book.round_trips)
        for name in _LIVE:
            yield "candled_live_orders", (strategy, name), float(live[strategy, name])


def _restrictions(state: State) -> Iterator[Figure]:
    def worst(*covers: str) -> float:
        wide = [SEVERITY[h.state] for h in state.halts if not h.symbol and h.strategy in covers]
        return float(max(wide, default=0))

    yield "candled_account_trading_state", (), worst("")
    for strategy in state.books:
        yield "candled_strategy_trading_state", (strategy,), worst("", strategy)
    causes = Counter(h.cause if h.cause in _CAUSES else OTHER for h in state.halts)
    for cause in _CAUSES:
        yield "candled_restrictions", (cause,), float(causes[cause])


def _last(market: Market) -> Decimal:
    return from_units(market.last, market.instrument.price_decimals)


def _seconds(ts: int) -> float:
    return ts / NS_PER_SECOND

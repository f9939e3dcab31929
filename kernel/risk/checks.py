"""How each limit is held: one function a limit, listed in CHECKS.

A check looks at what the order would lead to on its own side (a buy makes the position longer), if it and every live
order of that side were filled, and none of the other. What the order does not make worse, it does not answer for.
"""

from collections.abc import Callable, Collection
from decimal import Decimal
from typing import Any, NamedTuple

from kernel.limits import Limits
from kernel.money import ZERO, add, canonical_text, from_units, multiply, negative, subtract
from kernel.portfolio import equity, is_priced
from kernel.risk.exposure import Exposure, Reach, exposure, net_notionals, notional_reach, quantity_reach
from kernel.state import Market, State
from kernel.timeframe import NS_PER_SECOND, iso

__all__ = ["CHECKS", "NOTHING_HELD", "Check", "Held", "Trade", "ahead", "held", "stale"]

_MINUTE_NS = 60 * NS_PER_SECOND


class Trade(NamedTuple):
    """An entry to be judged. `change` is in base units, `notional` in the account's currency, both signed.

    `prices` are all limits and triggers to be sent, in quote; `orders` how many orders they are.
    """

    ts: int
    strategy: str
    market: Market
    change: Decimal
    notional: Decimal
    prices: Collection[Decimal]
    orders: int


Check = Callable[[Any, State, Trade, Collection[str]], str]  # limit, ..., strategies it counts: "" or the figures


class Held(NamedTuple):
    """Limits as they are asked: `checks` names each one, how it is held, and how much it is; `age_max` in ns."""

    checks: tuple[tuple[str, Check, Any], ...]
    age_max: int | None


NOTHING_HELD = Held((), None)


def held(limits: Limits) -> Held:
    """What of the limits is to be asked."""
    given = ((name, check, getattr(limits, name)) for name, check in CHECKS.items())
    minutes = limits.max_candle_age_minutes
    return Held(
        tuple((name, check, limit) for name, check, limit in given if limit is not None),
        None if minutes is None else minutes * _MINUTE_NS,
    )


def stale(market: Market, ts: int, *limits: Held) -> str:
    """Whether a market's last candle is older than the strictest of some limits allows: "" or the figures."""
    ages = [each.age_max for each in limits if each.age_max is not None]
    if not ages or ts - market.ts <= min(ages):
        return ""
    return f"the last candle closed at {iso(market.ts)}, more than {min(ages) // _MINUTE_NS} minutes ago"


def ahead(reach: Reach, change: Decimal) -> Decimal:
    """How far a reach goes on the side of a change that is added to it; below zero while that only takes back."""
    return add(reach.long, change) if change > ZERO else negative(add(reach.short, change))


def _max_position(limit: Decimal, state: State, trade: Trade, books: Collection[str]) -> str:
    instrument = trade.market.instrument
    short = long = ZERO
    for strategy in books:
        position = state.books[strategy].positions.get(instrument.symbol)
        if position is not None:
            reach = quantity_reach(state, position)
            short, long = add(short, reach.short), add(long, reach.long)
    return _beyond(limit, ahead(Reach(short, long), trade.change), instrument.base)


def _max_order_notional(limit: Decimal, state: State, trade: Trade, _books: Collection[str]) -> str:
    return _beyond(limit, trade.notional.copy_abs(), state.account.currency)


def _max_symbol_notional(limit: Decimal, state: State, trade: Trade, books: Collection[str]) -> str:
    net = net_notionals(state, books).get(trade.market.instrument.symbol, Reach(ZERO, ZERO))
    return _beyond(limit, ahead(net, trade.notional), state.account.currency)


def _max_gross_exposure(limit: Decimal, state: State, trade: Trade, books: Collection[str]) -> str:
    return _beyond(limit, _gross_after(state, trade, exposure(state, books)), state.account.currency)


def _max_net_exposure(limit: Decimal, state: State, trade: Trade, books: Collection[str]) -> str:
    now = exposure(state, books)
    return _beyond(limit, ahead(Reach(now.short, now.long), trade.notional), state.account.currency)


def _max_leverage(limit: Decimal, state: State, trade: Trade, books: Collection[str]) -> str:
    if not is_priced(state):
        return "the account holds something that has no price yet"
    bound = multiply(limit, equity(state))
    return _beyond(bound, _gross_after(state, trade, exposure(state, books)), state.account.currency)


def _gross_after(state: State, trade: Trade, before: Exposure) -> Decimal:
    position = state.books[trade.strategy].positions[trade.market.instrument.symbol]
    own = notional_reach(state, trade.market, position)
    return add(subtract(before.gross, own.farthest), ahead(own, trade.notional).copy_abs())


def _max_open_orders(limit: int, state: State, trade: Trade, books: Collection[str]) -> str:
    live = sum(order.request.strategy in books for order in state.orders.values())
    return _too_many(limit, live, trade, "orders live")


def _max_orders_per_minute(limit: int, state: State, trade: Trade, books: Collection[str]) -> str:
    """Of the newest orders, as many as fall into the last minute; one that is remembered no more may be anybody's."""
    newest = state.orders_requested
    recent = sum(ts > trade.ts - _MINUTE_NS for ts in state.requests)
    orders = (state.orders.get(n) or state.ended.get(n) for n in range(newest - recent + 1, newest + 1))
    sent = sum(order is None or order.request.strategy in books for order in orders)
    return _too_many(limit, sent, trade, "orders within a minute")


def _price_band(limit: Decimal, _state: State, trade: Trade, _books: Collection[str]) -> str:
    instrument = trade.market.instrument
    last = from_units(trade.market.last, instrument.price_decimals)
    width = multiply(last, limit)
    for price in trade.prices:
        distance = subtract(price, last).copy_abs()
        if distance > width:
            away = f"{canonical_text(price)} is {canonical_text(distance)} from {canonical_text(last)}"
            return f"{away}: more than {canonical_text(width)} {instrument.quote}"
    return ""


def _beyond(limit: Decimal, reached: Decimal, asset: str) -> str:
    return f"{canonical_text(reached)} > {canonical_text(limit)} {asset}" if reached > limit else ""


def _too_many(limit: int, present: int, trade: Trade, what: str) -> str:
    return f"{present} + {trade.orders} > {limit} {what}" if present + trade.orders > limit else ""


CHECKS: dict[str, Check] = {
    "max_position": _max_position,
    "max_order_notional": _max_order_notional,
    "max_symbol_notional": _max_symbol_notional,
    "max_gross_exposure": _max_gross_exposure,
    "max_net_exposure": _max_net_exposure,
    "max_leverage": _max_leverage,
    "max_open_orders": _max_open_orders,
    "max_orders_per_minute": _max_orders_per_minute,
    "price_band": _price_band,
}

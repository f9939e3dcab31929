"""Which candles the venue must be shown: those that touch a price or a time at which an order may act."""

from collections.abc import Iterable
from typing import NamedTuple

from kernel.money import ZERO
from venues.matching.rules import Rules
from venues.matching.working import NEVER, Book, Working

__all__ = ["EVERY", "NOTHING", "Wake", "wake_of", "widened"]


class Wake(NamedTuple):
    """A candle of the market with a low at or below `low`, or a high at or above `high` (its price units), or whose
    close is at `ts` (ns) or later, can change something; no other does.
    """

    low: int
    high: int
    ts: int


NOTHING = Wake(-NEVER, NEVER, NEVER)
EVERY = Wake(NEVER, -NEVER, -NEVER)
_ANY_PRICE = Wake(NEVER, -NEVER, NEVER)


def wake_of(rules: Rules, books: Iterable[Book]) -> Wake:
    """What the open orders of a market wait for."""
    wake = NOTHING
    for book in books:
        for order in book.orders.values():
            wake = widened(wake, rules, order)
    return wake


def widened(wake: Wake, rules: Rules, order: Working) -> Wake:
    """A wake that also asks for what one order waits for."""
    request = order.request
    if wake is NOTHING and order.stage == "market" and request.time_in_force == "gtc" and order.cancel_at == NEVER:
        return _ANY_PRICE  # the common case, without making another
    low, high, ts = wake
    if request.time_in_force in {"gtd", "day"}:
        ts = min(ts, request.expires_at + 1)
    if order.cancel_at != NEVER:
        ts = min(ts, order.cancel_at + 1)
    if order.stage == "traveling":
        ts = min(ts, order.arrival + 1)
    elif order.stage in {"market", "new_limit"} or (order.stage == "waiting" and order.parent_filled > ZERO):
        low, high = NEVER, -NEVER
    elif order.stage != "waiting":
        lowest, highest = _levels(rules, order)
        low, high = max(low, lowest), min(high, highest)
    return Wake(low, high, ts)


def _levels(rules: Rules, order: Working) -> tuple[int, int]:
    """The highest low and the lowest high that move an order, in price units of the candles."""
    margin = 1 if order.stage == "limit" and not rules.touches else 0  # a limit is filled beyond its price
    if order.rises:
        low, high = -NEVER, _up(order.level + margin, rules.factor)
        if order.stage == "trail":
            low = _down(order.best - 1, rules.factor)
    else:
        low, high = _down(order.level - margin, rules.factor), NEVER
        if order.stage == "trail":
            high = _up(order.best + 1, rules.factor)
    return low, high


def _down(price: int, factor: int) -> int:
    return price // factor


def _up(price: int, factor: int) -> int:
    return -(-price // factor)

"""How an order becomes active: what it will do next, and at which price."""

from venues.matching.rules import Rules
from venues.matching.working import Working

__all__ = ["begin", "passed_by"]


def begin(rules: Rules, order: Working, price: int) -> None:
    """Make an order active while the price is at `price`."""
    request = order.request
    kind, is_buy = request.kind, request.side == "buy"
    if kind == "market":
        order.stage = "market"
    elif kind == "limit" and request.price is not None:
        order.stage, order.rises, order.level = "new_limit", not is_buy, rules.units(request.price)
    elif kind == "trailing_stop":
        order.stage, order.rises = "trail", is_buy
        order.best, order.level = price, rules.trail_level(request, price)
    elif request.trigger is not None:
        order.stage, order.level = "trigger", rules.units(request.trigger)
        order.rises = is_buy ^ (kind == "take_profit")


def passed_by(order: Working, price: int) -> int:
    """How far the price is beyond an order's level: 0 at it, negative before it."""
    return price - order.level if order.rises else order.level - price

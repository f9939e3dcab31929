"""One strategy and one candle: which of the two paths is taken, and which fills depend on it."""

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal

from msgspec.structs import replace

from kernel.messages import OrderCanceled, OrderExpired, OrderFilled
from venues.matching.match import Match
from venues.matching.path import legs
from venues.matching.walk import follow, jump, walk
from venues.matching.working import Working

__all__ = ["matched"]

_HIGH_FIRST, _LOW_FIRST = "open_high_low_close", "open_low_high_close"


def matched(match: Match) -> Match:
    """Lead a match through its candle. Gives it back, or the one that went the other way and was chosen.

    The open is the same on both paths. After it, both are gone only where they might differ.
    """
    bar, path = match.bar, match.rules.config.path
    jump(match, bar.open)
    if not match.book.orders:
        return match
    reached = [order for order in match.book.orders.values() if _is_in_reach(match, order)]
    if not reached:
        follow(match, bar.high)
        follow(match, bar.low)
        return match
    if len(reached) == 1 and _is_plain(match, reached[0]):
        walk(match, bar.open, legs(bar, _HIGH_FIRST))
        return match
    other = match.copy()
    walk(match, bar.open, legs(bar, _HIGH_FIRST))
    walk(other, bar.open, legs(bar, _LOW_FIRST))
    if path in {"worst", "best"}:
        first, second = _worth(match), _worth(other)
        takes_other = second < first if path == "worst" else second > first
    else:
        takes_other = path == _LOW_FIRST
    if takes_other:
        match, other = other, match
    match.reports = _marked(match.reports, other.reports)
    return match


def _is_in_reach(match: Match, order: Working) -> bool:
    """Whether the rest of the candle may move an order by itself, and be it only by touching its level."""
    if not match.takes_part(order) or order.stage == "market":
        return False
    bar, level = match.bar, order.level
    if order.stage == "trail":
        best = min(order.best, bar.low) if order.rises else max(order.best, bar.high)
        level = match.rules.trail_level(order.request, best) if best != order.best else level
    beyond = bar.high - level if order.rises else level - bar.low
    return beyond > 0 or (beyond == 0 and (order.stage != "limit" or match.rules.touches))


def _is_plain(match: Match, order: Working) -> bool:
    """Whether an order, if it alone is reached, fills alike on both paths."""
    number = order.request.order
    if order.stage == "trail" or (order.stage == "trigger" and order.request.kind == "stop_limit"):
        return False
    return number not in match.here and all(other.parent != number for other in match.book.orders.values())


def _worth(match: Match) -> Decimal:
    rules = match.rules
    return match.holdings.worth(rules.instrument, rules.price(match.bar.close), rules.fee_asset)


_Report = OrderFilled | OrderCanceled | OrderExpired


def _marked(reports: Sequence[_Report], others: Sequence[_Report]) -> list[_Report]:
    """The reports, with those fills marked as ambiguous that the other path does not have."""
    there = Counter(_trade(report) for report in others if isinstance(report, OrderFilled))
    if there == Counter(_trade(report) for report in reports if isinstance(report, OrderFilled)):
        return list(reports)
    marked: list[_Report] = []
    for report in reports:
        if isinstance(report, OrderFilled):
            trade = _trade(report)
            there[trade] -= 1
            marked.append(replace(report, ambiguous=True) if there[trade] < 0 else report)
        else:
            marked.append(report)
    return marked


def _trade(fill: OrderFilled) -> tuple[int, Decimal, Decimal]:
    return fill.order, fill.quantity, fill.price

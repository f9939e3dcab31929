"""The walk of a price along a candle: a jump to its open, then every price in between, and who acts on the way.

Events happen in the order of the path; at one price, in the order of the orders' numbers.
"""

from kernel.money import ZERO
from venues.matching.begin import begin, passed_by
from venues.matching.match import Match
from venues.matching.working import Working

__all__ = ["follow", "jump", "meet", "walk"]

_ABSENT = ("traveling", "waiting")
_WITHOUT_LEVEL = ("traveling", "waiting", "market")


def jump(match: Match, price: int) -> None:
    """The price is all at once at `price`, whatever it was before."""
    todo, began = [], match.bar.began
    for number, order in match.book.orders.items():
        if order.arrival <= began:
            if order.stage == "waiting" and order.parent_filled > ZERO:
                begin(match.rules, order, price)
            if order.stage == "trail":
                _follow(match, order, price)
            if order.stage not in _ABSENT:
                todo.append(number)
    meet(match, price, todo)


def meet(match: Match, price: int, todo: list[int]) -> None:
    """Let these orders act at a price that is there, and then all who come to act because of them."""
    orders, due = match.book.orders, match.due
    todo.sort(reverse=True)
    while todo or due:
        number = todo.pop() if not due or (todo and todo[-1] <= min(due)) else min(due)
        due.discard(number)
        if number in orders:
            _offer(match, orders[number], price)


def walk(match: Match, price: int, points: tuple[int, ...]) -> None:
    """The price goes from `price` to each of the points, and through all prices in between."""
    for point in points:
        if _move(match, price, point) != point:
            match.here.clear()
        follow(match, point)
        price = point


def follow(match: Match, price: int) -> None:
    """Let the trailing stops follow the price to its best."""
    for order in match.book.orders.values():
        if order.stage == "trail" and order.arrival <= match.bar.began:
            _follow(match, order, price)


def _follow(match: Match, order: Working, price: int) -> None:
    if price < order.best if order.rises else price > order.best:
        order.best, order.level = price, match.rules.trail_level(order.request, price)


def _move(match: Match, price: int, to: int) -> int:
    """Let everyone act on the way; gives the price at which the last one did."""
    orders = match.book.orders
    while True:
        nearest: tuple[int, int] | None = None
        for number, order in orders.items():
            at = price if number in match.due else _reached(match, order, price, to)
            if at is not None and (nearest is None or (abs(at - price), number) < nearest):
                nearest, place = (abs(at - price), number), at
        if nearest is None:
            match.due.clear()
            return price
        number = nearest[1]
        if place != price:
            match.here.clear()
            price = place
        if number in match.due:
            match.due.discard(number)
            _offer(match, orders[number], price)
        else:
            match.act(orders[number], price)


def _reached(match: Match, order: Working, price: int, to: int) -> int | None:
    """Where on the way from `price` to `to` an order acts, if anywhere."""
    stage = order.stage
    if stage in _WITHOUT_LEVEL:
        return None
    way = 1 if order.rises else -1
    level, goal, now = way * order.level, way * to, way * price
    if goal < now:  # the other way: only one that has been passed already
        is_there = now > level
    elif stage in {"limit", "new_limit"}:
        is_there = goal > level or (goal == level and _touches(match, order, to))
    else:
        is_there = goal >= level
    if not is_there or (to == price == order.level and order.request.order in match.here) or not match.can_act(order):
        return None
    return price if level < now else order.level


def _offer(match: Match, order: Working, price: int) -> None:
    """Let an order act at a price that is there, and was not reached by moving.

    It is enough that the price is at the order's level, but not for one that has become active at this very price.
    """
    stage, beyond = order.stage, passed_by(order, price)
    if beyond == 0 and stage != "market":
        acts = order.request.order not in match.here and (stage != "limit" or _touches(match, order, price))
    else:
        acts = beyond > 0 or stage == "market"
    if acts and match.may_fill(order):
        match.act(order, price)
    elif stage in {"market", "new_limit"}:
        match.rest(order, price)


def _touches(match: Match, order: Working, price: int) -> bool:
    """Whether the candle goes to a limit, no further, and fills it all the same."""
    bar = match.bar
    return price == (bar.high if order.rises else bar.low) and match.rules.lucky(order, bar.open_time)

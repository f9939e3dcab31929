"""What the venue checks before it works an order: its numbers when it is sent, the rest when it arrives."""

from decimal import Decimal

from kernel.events import OrderRequested
from kernel.money import ZERO, is_multiple, multiply
from venues.matching.begin import begin, passed_by
from venues.matching.closes import Closes
from venues.matching.floor import Floor
from venues.matching.holds import cannot_carry
from venues.matching.links import children, is_free, why_over
from venues.matching.match import Match
from venues.matching.rules import Rules
from venues.matching.working import Book, Group, Working

__all__ = ["arrive", "misstated", "replace"]

_ONE = Decimal(1)


def misstated(rules: Rules, request: OrderRequested, closes: Closes) -> str:
    """The code under which the venue refuses an order's numbers, or ""."""
    instrument = rules.instrument
    if request.quantity <= ZERO or not is_multiple(instrument.lot, request.quantity):
        return "invalid_quantity"
    if request.kind != "market" and not _has_its_prices(request, instrument.tick):
        return "invalid_price"
    if instrument.min_notional > ZERO and not request.parent:
        price = request.price or request.trigger or closes.price(request.symbol) or ZERO
        if multiply(request.quantity, price) < instrument.min_notional:
            return "below_min_notional"
    return ""


def arrive(floor: Floor, book: Book, order: Working, price: int, *, has_traveled: bool) -> str:
    """Put an order into its book while the price is at `price`.

    Gives the code of a refusal, with everything as it was, or "". After a journey the price is the next candle's open,
    and what it would do to the order shows on the path. One that it replaces is still there: see `replace`.
    """
    request = order.request
    if request.replaces:
        replaced = book.orders.get(request.replaces)
        if replaced is None:
            return "replaced_order_gone"
        order.filled = replaced.filled
        if order.left <= ZERO:
            return "invalid_quantity"
    if not request.group:
        refusal = _refusal(floor, book, order, price, has_traveled=has_traveled)
    else:
        group = book.groups.get(request.group)
        book.groups[request.group] = _joined(book, order)
        refusal = _refusal(floor, book, order, price, has_traveled=has_traveled)
        if refusal and group is not None:
            book.groups[request.group] = group
        elif refusal:
            del book.groups[request.group]
        else:
            book.past_groups.pop(request.group, None)
    if not refusal:
        book.orders[request.order] = order
    return refusal


def replace(match: Match, order: Working) -> None:
    """End the order whose place an order takes; the children of that one are now its own."""
    replaced = match.book.orders[order.request.replaces]
    for child in children(match.book, replaced.request.order):
        child.parent = order.request.order
    replaced.successor = order.request.order
    match.cancel(replaced, "replaced")


def _refusal(floor: Floor, book: Book, order: Working, price: int, *, has_traveled: bool) -> str:
    if is_free(order):
        begin(floor.rules[book.symbol], order, price)
        refusal = "" if has_traveled or order.stage == "market" else _crossed(order, price)
        return refusal or cannot_carry(floor.rules, floor.state, floor.holdings, book, order)
    waits = order.parent and order.parent_filled == ZERO
    if waits:
        order.stage = "waiting"
    else:
        begin(floor.rules[book.symbol], order, price)
    refusal = why_over(book, order)
    if refusal == "parent_ended":
        return refusal
    if order.request.group and _is_elsewhere(floor, book, order.request.group):
        return "oco"
    if refusal or waits:
        return refusal
    if not has_traveled and order.stage != "market":
        refusal = _crossed(order, price)
    return refusal or cannot_carry(floor.rules, floor.state, floor.holdings, book, order)


def _is_elsewhere(floor: Floor, book: Book, group: int) -> bool:
    """Whether a group is one of another strategy, or of another market."""
    books = (other for by_strategy in floor.state.books.values() for other in by_strategy.values())
    return any(other is not book and (group in other.groups or group in other.past_groups) for other in books)


def _crossed(order: Working, price: int) -> str:
    """The code under which an order is refused for what it would do at the last close, or ""."""
    is_there = passed_by(order, price) >= 0
    if order.stage == "trigger" and is_there:
        return "would_trigger_at_once"
    if order.stage == "new_limit" and order.request.post_only:
        if is_there:
            return "post_only_would_cross"
        order.stage = "limit"
    return ""


def _has_its_prices(request: OrderRequested, tick: Decimal) -> bool:
    """Whether every price that the kind needs is there, positive, and on the tick."""
    if request.kind == "trailing_stop":
        trail, rate = request.trail, request.trail_rate
        if trail is not None:
            return trail > ZERO
        return rate is not None and ZERO < rate < _ONE
    prices = []
    if request.kind in {"limit", "stop_limit"}:
        prices.append(request.price)
    if request.kind != "limit":
        prices.append(request.trigger)
    return all(price is not None and price > ZERO and is_multiple(tick, price) for price in prices)


def _joined(book: Book, order: Working) -> Group:
    """The order's group with the order in it, and without the one whose place it takes."""
    request = order.request
    group = book.groups.get(request.group) or book.past_groups.get(request.group) or Group({})
    quantities = {number: quantity for number, quantity in group.quantities.items() if number != request.replaces}
    return Group({**quantities, request.order: request.quantity}, group.filled)

"""What orders mean to each other: how much of one the others leave it, and when it is over for their sake."""

from decimal import Decimal

from kernel.money import ZERO, negative, subtract, toward_zero_to
from venues.matching.working import Book, Working

__all__ = ["children", "fillable", "is_free", "share", "why_over"]


def share(book: Book, order: Working) -> Decimal:
    """What its parent and its group leave of an order, in base."""
    number = order.request.group
    if order.parent:
        used = book.groups[number].filled if number else order.filled
        limit = subtract(order.parent_filled, used)
    elif number:
        group = book.groups[number]
        limit = subtract(min(group.quantities.values()), group.filled)
    else:
        return order.left
    return max(ZERO, min(order.left, limit))


def is_free(order: Working) -> bool:
    """Whether an order depends on nothing but itself."""
    request = order.request
    return not (order.parent or request.group or request.reduce_only)


def fillable(book: Book, order: Working) -> Decimal:
    """The most that an order may fill now, in base."""
    if order.request.reduce_only:
        return min(share(book, order), _reducible(book, order))
    return share(book, order)


def why_over(book: Book, order: Working) -> str:
    """Why an order cannot go on, as a cancel's reason; "" when it can."""
    request = order.request
    if order.stage == "traveling":
        return ""
    if not order.parent or order.parent_ended:
        if order.parent and order.parent_filled == ZERO:
            return "parent_ended"
        if (order.parent or request.group) and share(book, order) <= ZERO:
            return "oco" if request.group else "parent_ended"
        if request.reduce_only and _reducible(book, order) == ZERO:
            return "reduce_only"
    return ""


def children(book: Book, number: int) -> list[Working]:
    """The orders that depend on one."""
    return [order for order in book.orders.values() if order.parent == number]


def _reducible(book: Book, order: Working) -> Decimal:
    """How much of the position an order would take back, in whole lots."""
    against = book.position if order.request.side == "sell" else negative(book.position)
    return toward_zero_to(book.lot, against) if against > ZERO else ZERO

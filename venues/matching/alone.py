"""A market order that stands alone: nothing comes before it, nothing hangs on it, it fills whole.

It does what a match would do (match.py), on the short way: most orders of most runs are of this kind.
"""

from kernel.messages import OrderCanceled, OrderFilled
from kernel.money import add
from venues.matching.floor import Floor
from venues.matching.links import fillable, is_free
from venues.matching.trade import moved, trade
from venues.matching.working import Book, Working

__all__ = ["fill_alone", "is_alone"]


def is_alone(floor: Floor, book: Book, order: Working) -> bool:
    """Whether an order that is active is of this kind; it may be in its book or not yet."""
    return (
        order.stage == "market"
        and floor.is_simple
        and (is_free(order) or _closes_whole(book, order))
        and len(book.orders) == (order.request.order in book.orders)
    )


def _closes_whole(book: Book, order: Working) -> bool:
    """Whether an order only takes back, and the position is as large as it."""
    request = order.request
    return not (order.parent or request.group) and request.order in book.orders and fillable(book, order) == order.left


def fill_alone(
    floor: Floor, book: Book, order: Working, price: int, volume: int, ts: int
) -> OrderFilled | OrderCanceled:
    """Fill an order that stands alone, or cancel it where the account cannot; it is not in its book any more."""
    state, request = floor.state, order.request
    quantity = order.left
    at = ts, state.ordinal
    report = trade(floor.rules[book.symbol], floor.holdings, order, quantity, price, volume, at, is_maker=False)
    if isinstance(report, str):
        state.note_end(book, order, "canceled")
        return OrderCanceled(ts, state.ordinal, request.order, report)
    book.position = add(book.position, moved(floor.rules[book.symbol], request.side, report))
    state.note_end(book, order, "filled")
    return report

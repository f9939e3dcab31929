"""A candle of a market in which something rests: what came on the way here, and then the price."""

from collections.abc import Iterable, Sequence

from kernel.messages import CandleClosed, OrderCanceled, OrderExpired, OrderFilled
from venues.matching.alone import fill_alone, is_alone
from venues.matching.arrival import arrive, replace
from venues.matching.choose import matched
from venues.matching.floor import Floor
from venues.matching.path import Bar, flat
from venues.matching.working import Book

__all__ = ["candle"]

_Reports = list[OrderFilled | OrderCanceled | OrderExpired]
_CANCEL, _EXPIRY, _ARRIVAL = range(3)


def candle(floor: Floor, message: CandleClosed, *, is_due: bool) -> _Reports:
    """Match the orders of a market against its candle; `is_due` says that more than prices may have come."""
    state, symbol = floor.state, message.symbol
    rules, books = floor.rules[symbol], state.books[symbol]
    reports: _Reports = []
    busy = [book for book in books.values() if book.orders]
    if len(busy) == 1 and len(busy[0].orders) == 1 and not is_due:
        (order,) = busy[0].orders.values()
        if is_alone(floor, busy[0], order) and order.arrival <= message.open_time:
            del busy[0].orders[order.request.order]
            price = message.open * rules.factor
            return [fill_alone(floor, busy[0], order, price, message.volume, message.ts)]
    if is_due:
        _happen(floor, message, _due(books.values(), message), reports)
    for bar in _bars(floor, message):
        budget = rules.budget(bar.volume)
        for strategy in state.strategies:
            book = books.get(strategy)
            if book is not None and book.orders:
                match = matched(floor.match(book, bar, budget, message.ts))
                floor.commit(match)
                reports += match.reports
                budget = match.budget
    return reports


_Due = tuple[int, int, int, Book]  # what, when, which order, whose


def _due(books: Iterable[Book], message: CandleClosed) -> list[_Due]:
    """The cancels, ends of time and arrivals that come before the candle's prices."""
    opened, due = message.open_time, []
    for book in books:
        for number, order in book.orders.items():
            request = order.request
            if order.cancel_at <= opened:
                due.append((_CANCEL, order.cancel_at, number, book))
            if request.expires_at < message.ts and request.time_in_force in {"gtd", "day"}:
                due.append((_EXPIRY, 0, number, book))
            if order.stage == "traveling" and order.arrival <= opened:
                due.append((_ARRIVAL, order.arrival, number, book))
    return sorted(due)


def _happen(floor: Floor, message: CandleClosed, due: Sequence[_Due], reports: _Reports) -> None:
    """Let all that is due happen, cancels first and arrivals last."""
    rules = floor.rules[message.symbol]
    bar = flat(message.open_time, message.open * rules.factor, 0)
    for what, _, number, book in due:
        order = book.orders.get(number)
        if order is None:
            continue
        match = floor.match(book, bar, None, message.ts)
        if what == _CANCEL:
            match.cancel(order, "requested")
        elif what == _EXPIRY:
            match.expire(order, order.request.time_in_force, order.request.expires_at)
        else:
            refusal = arrive(floor, book, order, bar.open, has_traveled=True)
            if refusal:
                match.cancel(order, refusal)
            elif order.request.replaces:
                replace(match, order)
        match.settle(bar.open)
        floor.commit(match)
        reports += match.reports


def _bars(floor: Floor, message: CandleClosed) -> list[Bar]:
    """The candle, or the finer ones inside it, where there are any."""
    m, scale = message, floor.rules[message.symbol].factor
    began = m.open_time
    rows = floor.detail.inside(m.symbol, began, m.ts) if floor.detail is not None else ()
    if not rows:
        return [Bar(began, began, m.open * scale, m.high * scale, m.low * scale, m.close * scale, m.volume)]
    return [
        Bar(began, opened, first * scale, high * scale, low * scale, close * scale, volume)
        for opened, first, high, low, close, volume in rows
    ]

"""An order, or the wish to cancel one, as it is sent: answered at once, worked at once where nothing travels."""

from kernel.events import OrderRequested
from kernel.money import ZERO, subtract
from venues.matching.alone import fill_alone, is_alone
from venues.matching.arrival import arrive, misstated, replace
from venues.matching.floor import Floor
from venues.matching.match import Match
from venues.matching.path import flat
from venues.matching.walk import meet
from venues.matching.working import Book, Working

__all__ = ["cancel", "submit"]


def submit(floor: Floor, request: OrderRequested, client_order_id: str) -> str:
    """Take an order. Gives the code of a refusal, or ""."""
    state, symbol = floor.state, request.symbol
    if client_order_id in state.names or request.order in state.homes:
        return "duplicate_client_order_id"
    if request.strategy not in state.strategies:
        state.strategies.append(request.strategy)
    rules = floor.rules.get(symbol)
    if rules is None or symbol not in state.closes:
        return "no_market"
    refusal = misstated(rules, request, floor.holdings.closes)
    if refusal:
        return refusal
    book = state.book(floor.rules[symbol].instrument, request.strategy)
    order = Working(request, client_order_id, rules.arrival(request), request.parent)
    if request.parent:
        _look_up_parent(floor, book, order)
    if floor.is_instant:
        return _arrive_at_once(floor, book, order)
    book.orders[request.order] = order
    state.register(order)
    return ""


def cancel(floor: Floor, order: Working) -> None:
    """Take the wish to end an order."""
    state, request = floor.state, order.request
    latency_ns = floor.rules[request.symbol].latency_ns
    if latency_ns:
        order.cancel_at = min(order.cancel_at, state.ts + latency_ns)
        return
    match = _match_here(floor, state.book(floor.rules[request.symbol].instrument, request.strategy), state.ts)
    match.cancel(order, "requested")
    match.settle(match.bar.close)
    floor.commit(match)
    state.reports += match.reports


def _look_up_parent(floor: Floor, book: Book, order: Working) -> None:
    order.parent = floor.state.now_as(order.parent)
    parent = book.orders.get(order.parent)
    if parent is None:
        order.parent_filled, order.parent_ended = floor.state.filled_of(order.parent, book), True
    else:
        order.parent_filled = parent.filled


def _arrive_at_once(floor: Floor, book: Book, order: Working) -> str:
    """Judge an order at the last close, and work it there where the venue fills at the close."""
    state, request = floor.state, order.request
    price = state.closes[book.symbol] * floor.rules[book.symbol].factor
    refusal = arrive(floor, book, order, price, has_traveled=False)
    if refusal:
        return refusal
    state.register(order)
    is_worked = floor.fills_at_close and order.stage != "waiting"
    if is_worked and not request.replaces and is_alone(floor, book, order):
        del book.orders[request.order]
        volume = state.volumes.get(book.symbol, 0)
        state.reports.append(fill_alone(floor, book, order, price, volume, state.ts))
    elif is_worked or request.replaces:
        match = _match_here(floor, book, order.arrival)
        match.is_sending = True
        if request.replaces:
            replace(match, order)
        if is_worked:
            meet(match, price, [request.order])
        floor.commit(match)
        state.reports += match.reports
    return ""


def _match_here(floor: Floor, book: Book, arrival: int) -> Match:
    """A book against the last close of its market; the volume is what the candle has left."""
    state, rules = floor.state, floor.rules[book.symbol]
    volume = state.volumes.get(book.symbol, 0)
    budget = rules.budget(volume) if floor.knows_volume else None
    if budget is not None:
        budget = max(ZERO, subtract(budget, state.used.get(book.symbol, ZERO)))
    bar = flat(max(state.ts, arrival), state.closes[book.symbol] * rules.factor, volume)
    return floor.match(book, bar, budget, state.ts)

"""What open orders hold: a new one must find what it needs beside them."""

from collections.abc import Iterator, Mapping
from decimal import Decimal

from kernel.money import ZERO, add, multiply, subtract
from venues.matching.holdings import Holdings
from venues.matching.links import share
from venues.matching.rules import Rules
from venues.matching.state import VenueState
from venues.matching.working import Book, Working

__all__ = ["cannot_carry", "reference_price"]

Books = Mapping[str, Mapping[str, Book]]


def reference_price(order: Working, last: Decimal) -> Decimal:
    """What an order is valued at, in quote per base: its limit, else its trigger, else the last close."""
    request = order.request
    return request.price or request.trigger or last


def cannot_carry(rules: Mapping[str, Rules], state: VenueState, holdings: Holdings, book: Book, new: Working) -> str:
    """The code under which the account refuses a new order, or "". What it replaces holds nothing more."""
    request, its = new.request, rules[book.symbol]
    if holdings.lends:
        return "" if request.reduce_only or _fits_margin(its, holdings, book, new) else "insufficient_margin"
    asset = its.instrument.base if request.side == "sell" else its.instrument.quote
    held, balance = _hold(its, holdings, book, new), holdings.balances.get(asset, ZERO)
    if held <= balance and state.homes:
        held = _held(rules, state.books, holdings, asset, new, held)
    return "insufficient_balance" if held > balance else ""


def _held(
    rules: Mapping[str, Rules], books: Books, holdings: Holdings, asset: str, new: Working, need: Decimal
) -> Decimal:
    """What all hold of an asset together with a new order that needs so much; a group holds what its largest does."""
    held, grouped = need, {}
    if new.request.group:
        held, grouped = ZERO, {new.request.group: need}
    for its, book, order in _holders(rules, books, asset):
        if order is not new and order.request.order != new.request.replaces:
            hold, group = _hold(its, holdings, book, order), order.request.group
            if group:
                grouped[group] = max(hold, grouped.get(group, ZERO))
            else:
                held = add(held, hold)
    for hold in grouped.values():
        held = add(held, hold)
    return held


def _holders(rules: Mapping[str, Rules], books: Books, asset: str) -> Iterator[tuple[Rules, Book, Working]]:
    """The active orders that will give an asset away."""
    for symbol, by_strategy in books.items():
        its = rules[symbol]
        sells, buys = its.instrument.base == asset, its.instrument.quote == asset
        for book in by_strategy.values() if sells or buys else ():
            for order in book.orders.values():
                waits = order.stage == "traveling" or (order.stage == "waiting" and order.parent_filled == ZERO)
                if (sells if order.request.side == "sell" else buys) and not waits:
                    yield its, book, order


def _hold(rules: Rules, holdings: Holdings, book: Book, order: Working) -> Decimal:
    """What an order may still give away: base, or quote with the taker's fee."""
    quantity = share(book, order)
    if order.request.side == "sell":
        return quantity
    price = reference_price(order, holdings.closes.price(book.symbol) or ZERO)
    return multiply(multiply(quantity, price), rules.taker_factor)


def _fits_margin(rules: Rules, holdings: Holdings, book: Book, order: Working) -> bool:
    """Whether the account could stand for an order that is filled at its price."""
    base, quote = rules.instrument.base, rules.instrument.quote
    quantity, price = share(book, order), reference_price(order, holdings.closes.price(book.symbol) or ZERO)
    notional = multiply(quantity, price)
    fee = multiply(notional, rules.taker_rate)
    base_held, quote_held = holdings.balances.get(base, ZERO), holdings.balances.get(quote, ZERO)
    if order.request.side == "buy":
        after = {base: add(base_held, quantity), quote: subtract(quote_held, add(notional, fee))}
    else:
        after = {base: subtract(base_held, quantity), quote: add(quote_held, subtract(notional, fee))}
    return not holdings.is_beyond_margin(after)

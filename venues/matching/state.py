"""All that the simulated venue knows: what a snapshot of it holds."""

from decimal import Decimal

import msgspec

from kernel.instrument import Instrument
from kernel.messages import OrderCanceled, OrderExpired, OrderFilled
from kernel.money import ZERO
from venues.matching.match import Status
from venues.matching.working import Book, Working

__all__ = ["Ended", "VenueState"]

_REMEMBERED = 1024  # at least this many of the newest that ended, orders and groups each: a history, bounded


class Ended(msgspec.Struct, frozen=True, gc=False):
    """What is remembered of an order that is over. Its home is a symbol and a strategy; quantities are in base.

    `successor` is the order that took its place.
    """

    client_order_id: str
    home: tuple[str, str]
    status: Status
    quantity: Decimal
    filled: Decimal
    successor: int


class VenueState(msgspec.Struct):
    """Orders by number, everything else by what it says.

    `volumes` are those of the last candles, in the candles' units, and `used` what was filled in them, in base: known
    only where fills at the close ask for it. `strategies` stand in the order in which they first sent something.
    """

    balances: dict[str, Decimal]
    ordinal: int = 0
    ts: int = 0
    closes: dict[str, int] = {}
    volumes: dict[str, int] = {}
    used: dict[str, Decimal] = {}
    strategies: list[str] = []
    books: dict[str, dict[str, Book]] = {}
    names: dict[str, int] = {}
    homes: dict[int, tuple[str, str]] = {}
    ended: dict[int, Ended] = {}
    reports: list[OrderFilled | OrderCanceled | OrderExpired] = []

    def book(self, instrument: Instrument, strategy: str) -> Book:
        """What a strategy has in a market."""
        symbol = instrument.symbol
        books = self.books.get(symbol)
        if books is None:
            books = self.books[symbol] = {}
        book = books.get(strategy)
        if book is None:
            book = books[strategy] = Book(strategy, symbol, instrument.lot)
        return book

    def register(self, order: Working) -> None:
        """Know an order by its name and number."""
        request = order.request
        self.names[order.client_order_id] = request.order
        self.homes[request.order] = (request.symbol, request.strategy)

    def open_order(self, number: int) -> Working:
        """An order that is not over."""
        symbol, strategy = self.homes[number]
        return self.books[symbol][strategy].orders[number]

    def now_as(self, number: int) -> int:
        """The order that an order has become, if others took its place."""
        while number in self.ended and self.ended[number].successor:
            number = self.ended[number].successor
        return number

    def filled_of(self, number: int, book: Book) -> Decimal:
        """What an order of a book that is over has filled, in base; zero for one that was never in it."""
        ended = self.ended.get(number)
        return ended.filled if ended is not None and ended.home == (book.symbol, book.strategy) else ZERO

    def note_end(self, book: Book, order: Working, status: Status) -> None:
        """Remember an order that is over, and forget the oldest."""
        request = order.request
        number, group = request.order, request.group
        home = self.homes.pop(number)
        self.ended[number] = Ended(
            order.client_order_id, home, status, request.quantity, order.filled, order.successor
        )  # fmt: skip
        if group in book.groups and all(other.request.group != group for other in book.orders.values()):
            book.past_groups[group] = book.groups.pop(group)
            if len(book.past_groups) > 2 * _REMEMBERED:
                for number in list(book.past_groups)[:-_REMEMBERED]:
                    del book.past_groups[number]
        if len(self.ended) > 2 * _REMEMBERED:
            for number in list(self.ended)[:-_REMEMBERED]:
                del self.names[self.ended.pop(number).client_order_id]

"""How much is at stake. Nobody knows which live orders will be filled: every figure here takes the worse case.

What counts is a position and its live entries, also those that are being canceled or whose fate is unknown. Orders that
only reduce a position, or wait for a parent, add nothing.
"""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import NamedTuple

from kernel.errors import InvariantBroken
from kernel.events import OrderRequested
from kernel.money import ZERO, add, from_units, multiply, negative, subtract
from kernel.orders import Order
from kernel.portfolio import price_of
from kernel.state import Market, Position, State

__all__ = [
    "Exposure",
    "Reach",
    "exposure",
    "net_notionals",
    "notional_reach",
    "price_in_quote",
    "quantity_reach",
    "quote_rate",
]

_ONE = Decimal(1)


class Reach(NamedTuple):
    """How far a position can go, signed: `short` if every live sell is filled and no buy, `long` the other way."""

    short: Decimal
    long: Decimal

    @property
    def farthest(self) -> Decimal:
        """The end that is farther from zero, without its sign."""
        return max(negative(self.short), self.long)


class Exposure(NamedTuple):
    """What is at stake, in the account's currency: `gross` sums the positions, `short` and `long` end the net."""

    gross: Decimal
    short: Decimal
    long: Decimal

    @property
    def net(self) -> Decimal:
        """The end that is farther from zero, signed."""
        return self.long if self.long >= negative(self.short) else self.short


_NOTHING = Reach(ZERO, ZERO)


def quote_rate(state: State, market: Market) -> Decimal | None:
    """One unit of a market's quote asset in the account's currency; None before it has a price."""
    return price_of(state, market.instrument.quote)


def price_in_quote(market: Market, request: OrderRequested) -> Decimal:
    """At what price an order is counted: its limit, else its trigger, else the last close."""
    return request.price or request.trigger or from_units(market.last, market.instrument.price_decimals)


def quantity_reach(state: State, position: Position) -> Reach:
    """How far a position can go, in base units."""
    short = long = position.quantity
    for order in _entries(state, position):
        if order.request.side == "buy":
            long = add(long, order.left)
        else:
            short = subtract(short, order.left)
    return Reach(short, long)


def notional_reach(state: State, market: Market, position: Position) -> Reach:
    """How far a position can go, in the account's currency: held at the last close, orders at their own prices.

    Errors: InvariantBroken where the quote asset has no price: nothing is entered before it has one.
    """
    if position.quantity == ZERO and not position.live:
        return _NOTHING
    rate = quote_rate(state, market)
    if rate is None:
        raise InvariantBroken(f"{market.instrument.symbol} is held, and {market.instrument.quote} has no price yet")
    last = from_units(market.last, market.instrument.price_decimals)
    short = long = multiply(position.quantity, last)
    for order in _entries(state, position):
        worth = multiply(order.left, price_in_quote(market, order.request))
        if order.request.side == "buy":
            long = add(long, worth)
        else:
            short = subtract(short, worth)
    return Reach(short, long) if rate == _ONE else Reach(multiply(short, rate), multiply(long, rate))


def exposure(state: State, books: Iterable[str]) -> Exposure:
    """What the named strategies have at stake; all of them are the account."""
    gross = short = long = ZERO
    for _, reach in _reaches(state, books):
        gross = add(gross, reach.farthest)
        short = add(short, reach.short)
        long = add(long, reach.long)
    return Exposure(gross, short, long)


def net_notionals(state: State, books: Iterable[str]) -> dict[str, Reach]:
    """By symbol, how far the named strategies can go together: what one is long, another's short takes off."""
    nets: dict[str, Reach] = {}
    for symbol, reach in _reaches(state, books):
        net = nets.get(symbol, _NOTHING)
        nets[symbol] = Reach(add(net.short, reach.short), add(net.long, reach.long))
    return nets


def _reaches(state: State, books: Iterable[str]) -> Iterator[tuple[str, Reach]]:
    for strategy in books:
        for symbol, position in state.books[strategy].positions.items():
            if position.live or position.quantity != ZERO:
                yield symbol, notional_reach(state, state.markets[symbol], position)


def _entries(state: State, position: Position) -> Iterator[Order]:
    """The live orders that can make a position larger. An order and the one that replaces it both count."""
    for number in position.live:
        order = state.orders[number]
        if not order.request.parent and not order.request.reduce_only:
            yield order

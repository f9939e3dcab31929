"""One strategy's orders along one path: from level to level, at each asking every order in turn what it does there."""

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction

from kernel.messages import OrderFilled
from tests.venues.reference.book import ZERO, Book
from tests.venues.reference.money import after_fill, cannot_bear, fee_of, taker_price
from tests.venues.reference.order import Order, decimal
from venues.simulation import SimulatedVenueConfig

Touches = Callable[[int, int], bool]  # whether chance lets a limit fill that is only touched: order, open time


@dataclass(frozen=True)
class Piece:
    """A candle, or one candle of its detail; `opens` is when the whole candle opened."""

    symbol: str
    opens: int
    open_time: int
    open: Fraction
    high: Fraction
    low: Fraction
    close: Fraction
    volume: Fraction


@dataclass
class Walker:
    """In a candle (`piece`), or at its close with the one order that has just come (`only`) and what its fill wakes."""

    config: SimulatedVenueConfig
    book: Book
    symbol: str
    strategy: str
    touches: Touches | None = None
    piece: Piece | None = None
    only: int = 0
    filled: list[Order] = field(default_factory=list)

    def walk(self, points: list[Fraction]) -> None:
        """The first point is a jump; from each to the next the price passes everything between."""
        self.moved()
        self.work(points[0], going=0)
        for start, end in zip(points, points[1:], strict=False):
            if start == end:
                continue
            way, at = (1 if end > start else -1), start
            self.work(at, going=way)
            while at != end:
                between = [o.level for o in self.orders() if o.level is not None and way * (o.level - at) > 0]
                at = min([*between, end], key=lambda level: way * level)
                self.moved()
                self.work(at, going=way if at != end else 0)

    def orders(self) -> list[Order]:
        """Those that may be worked now, in order of number."""
        found = [o for o in self.book.live(self.symbol, self.strategy) if o.place == "working"]
        if self.piece is not None:
            return [o for o in found if o.arrival <= self.piece.opens]
        return [o for o in found if o.number == self.only or self.book.parent(o) in self.filled]

    def settle(self, price: Fraction) -> None:
        self.book.settle(price, None if self.piece is None else self.piece.opens)

    def moved(self) -> None:
        for order in self.orders():
            order.still = False

    def work(self, price: Fraction, *, going: int) -> None:
        """Everything that happens at `price`, from which the path goes on upwards, downwards or (0) nowhere yet."""
        for order in self.orders():
            order.follow(price)
        while any(self.act(order, price, going) for order in self.orders()):
            pass

    def act(self, order: Order, price: Fraction, going: int) -> bool:
        """One thing that the order does at `price`; whether there was any."""
        if order.waits_for_trigger:
            level = order.level
            reached = order.is_triggered_at(price) and self.wanted(order) > 0
            if price == level and order.still:
                reached = reached and going == order.trigger_side
            if reached:
                order.triggered, order.still = True, False
            return reached
        if order.fresh:
            self.first(order, price)
            return True
        if not order.is_limit:
            return self.fill(order, price, "taker")
        beyond = order.sign * (price - order.price) < 0
        through = price == order.price and going == -order.sign
        if beyond or through or self.touched(order, price):
            return self.fill(order, price, "maker")
        return False

    def touched(self, order: Order, price: Fraction) -> bool:
        if price != order.price or order.still or self.piece is None:
            return False
        extreme = self.piece.low if order.sign > 0 else self.piece.high
        return price == extreme and self.touches(order.number, self.piece.open_time)

    def first(self, order: Order, price: Fraction) -> None:
        """A market or limit order, or what has just become one, at the first price it sees."""
        marketable = not order.is_limit or (
            order.is_marketable_at(price) and not (order.still and price == order.price)
        )
        marketable = marketable and self.wanted(order) > 0
        order.fresh = False
        in_force = order.request.time_in_force
        if marketable and order.request.post_only and order.is_limit:
            self.book.cancel(order, "post_only_would_cross")
        elif marketable and not (in_force == "fok" and self.too_much(order)):
            self.fill(order, price, "taker")
        if order.live and in_force in ("ioc", "fok"):
            self.book.expire(order, in_force)
        self.settle(price)

    def wanted(self, order: Order) -> Fraction:
        wanted = self.book.allowance(order)
        return min(wanted, self.book.reducible(order)) if order.request.reduce_only else wanted

    def too_much(self, order: Order) -> bool:
        budget = self.book.budgets[self.symbol]
        return budget is not None and self.wanted(order) > budget

    def fill(self, order: Order, price: Fraction, liquidity: str) -> bool:
        """Fill what can be filled; whether anything was, or the account could not bear it."""
        book, budget = self.book, self.book.budgets[self.symbol]
        quantity = self.wanted(order) if budget is None else min(self.wanted(order), budget)
        if quantity <= 0:
            return False
        paid = taker_price(self.config, book, order, price, quantity) if liquidity == "taker" else price
        fee = fee_of(self.config, book, order, paid, quantity, liquidity)
        balances = after_fill(book, order, paid, quantity, fee)
        refused = cannot_bear(book, order, balances)
        if refused is not None:
            book.cancel(order, refused)
            self.settle(price)
            return True
        book.balances = balances
        key = (order.strategy, order.symbol)
        gone = fee[0] if fee[1] == book.instruments[order.symbol].base else ZERO
        book.positions[key] = book.positions.get(key, ZERO) + order.sign * quantity - gone
        if budget is not None:
            book.budgets[self.symbol] = budget - quantity
        order.filled += quantity
        self.filled.append(order)
        order.trades += 1
        book.reports.append(
            OrderFilled(
                book.ts, book.after, order.number, f"{order.number}-{order.trades}", decimal(paid), decimal(quantity),
                decimal(fee[0]), fee[1], liquidity, decimal(abs(paid - price)),
            )
        )  # fmt: skip
        if order.left == 0:
            order.place = "ended"
        elif order.request.time_in_force in ("ioc", "fok"):
            book.expire(order, order.request.time_in_force)
        self.settle(price)
        return True

"""The reference of the simulated venue: slow and obvious, written from its description alone.

It keeps every order there ever was, copies everything to try a path, and remembers nothing that it can compute again.
"""

from collections.abc import Sequence
from fractions import Fraction
from hashlib import blake2b
from typing import Any

from kernel.account import Account
from kernel.events import OrderRequested
from kernel.instrument import Instrument
from kernel.messages import CandleClosed, Report
from tests.venues.reference.book import Book
from tests.venues.reference.choose import walked
from tests.venues.reference.money import refused_for_money
from tests.venues.reference.order import Order, alike, down_to, prices_are_valid
from tests.venues.reference.walk import Piece, Walker
from venues.simulation import SimulatedVenueConfig
from venues.venue import Accepted, Done, Gone, Rejected

NS_PER_MS = 1_000_000


class ReferenceVenue:
    """`submit`, `cancel` and `candle` answer with what happened; everything else is inside."""

    def __init__(
        self,
        config: SimulatedVenueConfig,
        instruments: Sequence[Instrument],
        account: Account,
        *,
        seed: int = 0,
        detail: Any = None,
    ):
        self.config, self.seed, self.detail = config, seed, detail
        balances = {asset: Fraction(amount) for asset, amount in account.balances.items()}
        self.book = Book(account, {i.symbol: i for i in instruments}, balances)
        self.strategies: list[str] = []
        self.sent: set[int] = set()
        self.cancels: list[tuple[int, int]] = []

    # What comes from the trader.

    def submit(self, request: OrderRequested) -> tuple[Accepted | Rejected, list[Report]]:
        if request.strategy not in self.strategies:
            self.strategies.append(request.strategy)
        refused = self.refused_at_sight(request)
        if refused is not None:
            return Rejected(refused), []
        tick = Fraction(self.book.instruments[request.symbol].tick)
        order = Order(request, request.ts + self.delay(request.order), tick)
        order.orphan = request.parent != 0 and request.parent not in self.book.orders
        if self.config.latency_ms or self.config.latency_jitter_ms:
            self.book.orders[order.number] = order
        else:
            refused = self.arrive(order, last=self.book.closes[request.symbol])
            if refused is not None:
                return Rejected(refused), []
            if self.config.fill == "same_close":
                walker = Walker(self.config, self.book, order.symbol, order.strategy, only=order.number)
                walker.work(self.book.closes[order.symbol], going=0)
        self.sent.add(request.order)
        return Accepted(f"sim-{request.order}"), self.heard()

    def cancel(self, number: int) -> tuple[Done | Gone, list[Report]]:
        order = self.book.orders.get(number)
        if order is None or not order.live:
            return Gone(), []
        if self.config.latency_ms:
            self.cancels.append((self.book.ts + self.config.latency_ms * NS_PER_MS, number))
        else:
            self.book.cancel(order, "requested")
            self.book.settle()
        return Done(), self.heard()

    def refused_at_sight(self, request: OrderRequested) -> str | None:
        if request.order in self.sent:
            return "duplicate_client_order_id"
        if request.symbol not in self.book.closes:
            return "no_market"
        instrument = self.book.instruments[request.symbol]
        if request.quantity <= 0 or Fraction(request.quantity) % Fraction(instrument.lot):
            return "invalid_quantity"
        if not prices_are_valid(request, Fraction(instrument.tick)):
            return "invalid_price"
        price = request.price if request.price is not None else request.trigger
        worth = Fraction(request.quantity) * (self.book.closes[request.symbol] if price is None else Fraction(price))
        return "below_min_notional" if not request.parent and worth < Fraction(instrument.min_notional) else None

    def arrive(self, order: Order, last: Fraction | None) -> str | None:
        """Take the order into the book, or say why not; `last` is the close it is judged by, where it came at once."""
        before = self.book.copy()
        refused = self.enter(order, last)
        if refused is not None:
            self.book = before
        return refused

    def enter(self, order: Order, last: Fraction | None) -> str | None:
        book, request = self.book, order.request
        book.orders[order.number] = order
        order.arrived = True
        if request.replaces:
            replaced = book.orders.get(request.replaces)
            if replaced is None or not replaced.live or not alike(order, replaced):
                return "replaced_order_gone"
            order.filled = replaced.filled
            if order.left <= 0:
                return "invalid_quantity"
            replaced.replaced_by = order.number
            book.cancel(replaced, "replaced")
        parent = book.parent(order)
        if parent is not None and not alike(order, parent):
            return "parent_ended"
        order.place = "dormant" if parent is not None and parent.filled == 0 else "working"
        refused = book.why_it_ends(order)
        if refused != "parent_ended" and not all(alike(order, member) for member in book.members(order)):
            return "oco"
        if refused is None and order.place == "working":
            if last is not None:
                refused = self.refused_at_price(order, last)
            refused = refused or refused_for_money(self.config, book, order)
        return refused

    def refused_at_price(self, order: Order, last: Fraction) -> str | None:
        order.follow(last)
        if order.waits_for_trigger and order.is_triggered_at(last):
            return "would_trigger_at_once"
        if order.is_limit and order.request.post_only:
            order.fresh = False
            return "post_only_would_cross" if order.is_marketable_at(last) else None
        return None

    # Chance: the first eight bytes of a hash of what is drawn for.

    def draw(self, *parts: int) -> int:
        text = ":".join(str(part) for part in (self.seed, *parts))
        return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big")

    def delay(self, number: int) -> int:
        return self.config.latency_ms * NS_PER_MS + self.draw(number) % (self.config.latency_jitter_ms * NS_PER_MS + 1)

    def touches(self, number: int, open_time: int) -> bool:
        return Fraction(self.draw(number, open_time), 2**64) < Fraction(self.config.limit_touch_probability)

    # What comes from the market.

    def candle(self, message: CandleClosed) -> list[Report]:
        book, symbol = self.book, message.symbol
        book.ts = message.ts
        for due in sorted(self.cancels):
            order = self.book.orders[due[1]]
            if order.symbol == symbol and due[0] <= message.open_time:
                self.cancels.remove(due)
                if order.live:
                    self.book.cancel(order, "requested")
                    self.book.settle()
        for order in self.book.live(symbol):
            in_force, until = order.request.time_in_force, order.request.expires_at
            if order.live and in_force in ("gtd", "day") and until < message.ts:
                self.book.expire(order, in_force, until)
                self.book.settle()
        for _, number in sorted((o.arrival, o.number) for o in self.book.live(symbol)):
            order = self.book.orders[number]
            if order.place == "traveling" and order.arrival <= message.open_time:
                refused = self.arrive(order, last=None)
                if refused is not None:
                    self.book.cancel(self.book.orders[number], refused)
                self.book.settle()
        filled = Fraction(0)
        for piece in self.pieces(message):
            self.begin(symbol, piece.volume)
            for strategy in self.strategies:
                before = sum(order.filled for order in self.book.orders.values() if not order.replaced_by)
                self.book = walked(self.config, self.book, self.touches, strategy, piece)
                filled += sum(o.filled for o in self.book.orders.values() if not o.replaced_by) - before
        self.begin(symbol, Fraction(message.volume, 10 ** self.book.instruments[symbol].volume_decimals), filled)
        self.book.closes[symbol] = self.unit(symbol, message.close)
        reports = self.heard()
        self.book.after += 1
        return reports

    def unit(self, symbol: str, price: int) -> Fraction:
        return Fraction(price, 10 ** self.book.instruments[symbol].price_decimals)

    def pieces(self, message: CandleClosed) -> list[Piece]:
        m = message
        rows = [(m.open_time, m.open, m.high, m.low, m.close, m.volume)]
        if self.detail is not None:
            rows = list(self.detail.inside(m.symbol, m.open_time, m.ts)) or rows
        volume_unit = 10 ** self.book.instruments[m.symbol].volume_decimals
        return [
            Piece(
                m.symbol, m.open_time, opens, *(self.unit(m.symbol, p) for p in prices), Fraction(volume, volume_unit)
            )
            for opens, *prices, volume in rows
        ]

    def begin(self, symbol: str, volume: Fraction, filled: Fraction = Fraction(0)) -> None:
        """From here on it is this volume that orders take their part of, less what was filled of it."""
        self.book.volumes[symbol], self.book.budgets[symbol] = volume, None
        if self.config.volume_share is not None:
            lot = Fraction(self.book.instruments[symbol].lot)
            self.book.budgets[symbol] = max(0, down_to(lot, Fraction(self.config.volume_share) * volume) - filled)

    def heard(self) -> list[Report]:
        reports, self.book.reports = self.book.reports, []
        return reports

"""Everything the reference knows: all orders ever, balances, positions, last closes; and the rules that link orders."""

from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass, field
from fractions import Fraction

from kernel.account import Account
from kernel.instrument import Instrument
from kernel.messages import OrderCanceled, OrderExpired, Report
from tests.venues.reference.order import Order

ZERO = Fraction(0)


@dataclass
class Book:
    """`budget` is what may still be filled of the newest candle of a symbol; None: any quantity."""

    account: Account
    instruments: dict[str, Instrument]
    balances: dict[str, Fraction]
    orders: dict[int, Order] = field(default_factory=dict)
    positions: dict[tuple[str, str], Fraction] = field(default_factory=dict)
    closes: dict[str, Fraction] = field(default_factory=dict)
    volumes: dict[str, Fraction] = field(default_factory=dict)
    budgets: dict[str, Fraction | None] = field(default_factory=dict)
    reports: list[Report] = field(default_factory=list)
    ts: int = 0
    after: int = 0

    def copy(self) -> "Book":
        """A book that goes its own way from here."""
        other = copy(self)
        other.orders = {n: copy(order) if order.live else order for n, order in self.orders.items()}
        for name in ("balances", "positions", "closes", "volumes", "budgets", "reports"):
            setattr(other, name, copy(getattr(self, name)))
        return other

    def live(self, symbol: str | None = None, strategy: str | None = None) -> list[Order]:
        """In order of number."""
        found = [o for o in self.orders.values() if o.live and symbol in (None, o.symbol)]
        return sorted((o for o in found if strategy in (None, o.strategy)), key=lambda o: o.number)

    # Links.

    def parent(self, order: Order) -> Order | None:
        """The order it waits for, or whatever has taken that one's place."""
        parent = self.orders.get(order.request.parent)
        while parent is not None and parent.replaced_by:
            parent = self.orders[parent.replaced_by]
        return parent

    def members(self, order: Order) -> Iterator[Order]:
        """The orders that share one quantity with it, itself included; one that was replaced is represented."""
        if not order.request.group:
            yield order
            return
        for other in self.orders.values():
            if other.request.group == order.request.group and not other.replaced_by and other.arrived:
                yield other

    def share(self, order: Order) -> Fraction:
        """What its parent and its group leave it."""
        parent = self.parent(order)
        if parent is None and not order.request.group:
            return order.left
        members = list(self.members(order))
        whole = parent.filled if parent is not None else min(m.quantity for m in members)
        return whole - sum(m.filled for m in members)

    def allowance(self, order: Order) -> Fraction:
        return max(ZERO, min(order.left, self.share(order)))

    def reducible(self, order: Order) -> Fraction:
        position = self.positions.get((order.strategy, order.symbol), ZERO)
        lot = Fraction(self.instruments[order.symbol].lot)
        return max(ZERO, -order.sign * position // lot * lot)

    def why_it_ends(self, order: Order) -> str | None:
        """The reason for which an order that has arrived cannot go on, if there is one."""
        parent = self.parent(order)
        if order.orphan:
            return "parent_ended"
        if parent is not None and not parent.live and parent.filled == 0:
            return "parent_ended"
        waits = parent is not None and parent.live
        if not waits and self.share(order) <= 0:
            return "oco" if order.request.group else "parent_ended"
        if not waits and order.request.reduce_only and self.reducible(order) == 0:
            return "reduce_only"
        return None

    def settle(self, price: Fraction | None = None, opens: int | None = None) -> None:
        """Follow the links after something happened at `price`: end what cannot go on, wake what waited.

        `opens` is the open time of the candle it happened in: an order that arrived later stands beside.
        """
        changed = True
        while changed:
            changed = False
            for order in self.live():
                if order.place == "traveling":
                    continue
                reason = self.why_it_ends(order)
                parent = self.parent(order)
                if reason is not None:
                    self.cancel(order, reason)
                    changed = True
                elif order.place == "dormant" and parent is not None and parent.filled > 0:
                    order.place = "working"
                    if opens is None or order.arrival <= opens:
                        order.still = True
                        order.follow(price)
                    changed = True

    # Ends.

    def cancel(self, order: Order, reason: str) -> None:
        order.place = "ended"
        self.reports.append(OrderCanceled(self.ts, self.after, order.number, reason))

    def expire(self, order: Order, reason: str, ts: int | None = None) -> None:
        order.place = "ended"
        self.reports.append(OrderExpired(self.ts if ts is None else ts, self.after, order.number, reason))

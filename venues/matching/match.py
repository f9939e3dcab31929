"""One strategy's orders in one market while the price is somewhere: they fill, are triggered, end, and wake others."""

from decimal import Decimal
from typing import Literal

from kernel.events import OrderRequested
from kernel.messages import OrderCanceled, OrderExpired, OrderFilled
from kernel.money import ZERO, add, subtract
from venues.matching.begin import begin, passed_by
from venues.matching.holdings import Holdings
from venues.matching.links import children, fillable, is_free, why_over
from venues.matching.path import Bar
from venues.matching.rules import Rules
from venues.matching.trade import moved, trade
from venues.matching.working import Book, Working

__all__ = ["End", "Match", "Status"]

Status = Literal["filled", "canceled", "expired"]
End = tuple[Working, Status]
_AT_ONCE = ("ioc", "fok")


class Match:
    """See the module. Reports carry `ts` and `after`; `budget` is what the candle's volume still gives, in base.

    It changes the book and the holdings that it is given. `reports` and `ends` tell in order what happened; `due` are
    the orders that something happened to at the present price, `here` those that began at it, `woken` those that will.
    While `is_sending`, only the order that is sent and its descendants are worked: the others have seen this price.
    """

    __slots__ = (
        "after", "bar", "book", "budget", "due", "ends", "here", "holdings", "is_sending", "reports", "rules", "ts",
        "woken",
    )  # fmt: skip

    def __init__(
        self, rules: Rules, book: Book, holdings: Holdings, bar: Bar, budget: Decimal | None, ts: int, after: int
    ) -> None:
        self.rules = rules
        self.book = book
        self.holdings = holdings
        self.bar = bar
        self.budget = budget
        self.ts = ts
        self.after = after
        self.reports: list[OrderFilled | OrderCanceled | OrderExpired] = []
        self.ends: list[End] = []
        self.due: set[int] = set()
        self.here: set[int] = set()
        self.woken: set[int] = set()
        self.is_sending = False

    def copy(self) -> "Match":
        """The same moment once more, to go on from it in another way."""
        book, holdings = self.book.copy(), self.holdings.copy()
        other = Match(self.rules, book, holdings, self.bar, self.budget, self.ts, self.after)
        other.reports, other.ends = self.reports.copy(), self.ends.copy()
        other.due, other.here = self.due.copy(), self.here.copy()
        return other

    def takes_part(self, order: Working) -> bool:
        """Whether an order is there: neither on its way, nor waiting for a parent, nor younger than the candle."""
        return order.arrival <= self.bar.began and order.stage not in {"traveling", "waiting"}

    def may_fill(self, order: Working) -> bool:
        """Whether an order is there, and its links and its position leave it something."""
        return self.takes_part(order) and (is_free(order) or fillable(self.book, order) > ZERO)

    def can_act(self, order: Working) -> bool:
        """Whether a price may move an order that rests: filling also asks for volume, and being triggered does not."""
        return self.may_fill(order) and (
            self.budget is None or self.budget > ZERO or order.stage in {"trigger", "trail"}
        )

    def act(self, order: Working, price: int) -> None:
        """The price has come to where an order acts: work it, then all that hangs on it."""
        if order.stage == "limit":
            self._fill(order, price, is_maker=True)
        elif order.stage == "new_limit":
            self._fill_limit(order, price)
        else:
            self._trigger(order, price)
        self.settle(price)

    def rest(self, order: Working, price: int) -> None:
        """An order that cannot be filled when it is first worked waits, or is over."""
        if order.stage == "new_limit":
            order.stage = "limit"
        if order.request.time_in_force in _AT_ONCE:
            self.expire(order, order.request.time_in_force, self.ts)
            self.settle(price)

    def cancel(self, order: Working, reason: str) -> None:
        """End an order with a report."""
        self.reports.append(OrderCanceled(self.ts, self.after, order.request.order, reason))
        self.end(order, "canceled")

    def expire(self, order: Working, reason: str, ts: int) -> None:
        """End an order whose time in force is over."""
        self.reports.append(OrderExpired(ts, self.after, order.request.order, reason))
        self.end(order, "expired")

    def end(self, order: Working, status: Status) -> None:
        """Take an order out of the book; its children are told."""
        number = order.request.order
        del self.book.orders[number]
        self.ends.append((order, status))
        for child in children(self.book, number):
            child.parent_ended = True

    def settle(self, price: int) -> None:
        """End what cannot go on and begin what waited for a fill, until nothing more follows."""
        book, changed = self.book, True
        while changed and book.orders:
            changed = False
            for number in sorted(book.orders):
                order = book.orders[number]
                reason = why_over(book, order)
                if reason:
                    self.cancel(order, reason)
                    changed = True
                elif number in self.woken:
                    self.woken.discard(number)
                    begin(self.rules, order, price)
                    self.due.add(number)
                    self.here.add(number)
                    changed = True

    def _trigger(self, order: Working, price: int) -> None:
        """Become the order that was meant, at this price, and be worked as such."""
        request = order.request
        if request.kind == "stop_limit" and request.price is not None:
            order.stage, order.rises, order.level = "new_limit", request.side == "sell", self.rules.units(request.price)
            if passed_by(order, price) >= 0:
                self._fill_limit(order, price)
            else:
                self.rest(order, price)
            return
        order.stage = "market"
        self._fill(order, price, is_maker=False)
        self._end_remainder(order)

    def _fill_limit(self, order: Working, price: int) -> None:
        """A limit whose price was there before it: it takes, and what is left of it rests."""
        order.stage = "limit"
        if order.request.post_only:
            self.cancel(order, "post_only_would_cross")
            return
        self._fill(order, price, is_maker=False)
        self._end_remainder(order)

    def _end_remainder(self, order: Working) -> None:
        if order.request.time_in_force in _AT_ONCE and order.request.order in self.book.orders:
            self.expire(order, order.request.time_in_force, self.ts)

    def _fill(self, order: Working, price: int, *, is_maker: bool) -> None:
        """Fill what can be filled at a price of the path, or cancel the order where the account cannot."""
        request, rules = order.request, self.rules
        quantity = fillable(self.book, order)
        if self.budget is not None:
            if request.time_in_force == "fok" and quantity > self.budget:
                return
            quantity = min(quantity, self.budget)
        if quantity <= ZERO:
            return
        report = trade(
            rules, self.holdings, order, quantity, price, self.bar.volume, (self.ts, self.after), is_maker=is_maker
        )  # fmt: skip
        if isinstance(report, str):
            self.cancel(order, report)
            return
        self.reports.append(report)
        self._note_fill(order, request, report)

    def _note_fill(self, order: Working, request: OrderRequested, fill: OrderFilled) -> None:
        """Tell everyone whom a fill concerns: the position, the budget, the group and the children."""
        book = self.book
        quantity = fill.quantity
        book.position = add(book.position, moved(self.rules, request.side, fill))
        if self.budget is not None:
            self.budget = subtract(self.budget, quantity)
        if request.group:
            group = book.groups[request.group]
            group.filled = add(group.filled, quantity)
        for number, other in book.orders.items():
            is_child = other.parent == request.order
            if is_child:
                other.parent_filled = order.filled
                if other.stage == "waiting" and other.arrival <= self.bar.began:
                    self.woken.add(number)
            if (is_child or (other.request.reduce_only and not self.is_sending)) and self.takes_part(other):
                self.due.add(number)
        if order.filled == request.quantity:
            self.end(order, "filled")

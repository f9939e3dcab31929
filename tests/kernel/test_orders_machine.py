"""Orders at a venue that tells the truth, late, twice, in any order: the kernel ends up knowing what the venue knows.

The kernel decides by itself, on candles whose last digit is a wish. What it sends goes through a courier that may lose
the answer; what the venue does becomes reports, which arrive in any order and again. Now and then a report is a lie.
"""

from decimal import Decimal
from fractions import Fraction
from itertools import permutations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from kernel.brackets import Entry, Exits
from kernel.events import CancelRequested, OrderRequested, PositionChanged, ReportRefused
from kernel.limits import Limits
from kernel.messages import (
    CancelAllOrders,
    ChangeLimits,
    OrderAccepted,
    OrderCanceled,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    OrderUnknown,
)
from kernel.money import from_units
from kernel.orders import TERMINAL, OrderState
from tests.campaign import sample
from tests.kernel.given import (
    BTC,
    ETH,
    LONG_AT,
    MINUTE,
    OBEY,
    account,
    candles,
    of_type,
    opened,
    position,
    strategy,
    turned,
)

MARKETS = (BTC, ETH)
MOST = {"guarded": 1000, "patient": 2000}  # thousandths of base: each strategy's size, and its limit
STRATEGIES = (
    strategy(OBEY, name="guarded", exits=Exits(stop_loss=Decimal("0.1")), limits=Limits(max_position=Decimal(1))),
    strategy(OBEY, name="patient", quantity="2", entry=Entry("limit", Decimal("0.01")),
             limits=Limits(max_position=Decimal(2))),
)  # fmt: skip
closes = st.builds(lambda price, wish: 10 * price + wish, st.integers(50_00, 60_00), st.sampled_from([0, 1, 1, 2, 3]))
anything = st.randoms(use_true_random=False)


class Venue:
    """What really happens: quantities in thousandths, one position for each strategy and symbol."""

    def __init__(self):
        self.left, self.filled, self.requests, self.positions = {}, {}, {}, {}

    def take(self, request):
        self.requests[request.order] = request
        self.filled[request.order] = 0
        self.left[request.order] = int(Fraction(request.quantity) * 1000)

    def most(self, number):
        """How much of a live order can be filled: a child as its parent was, a reducing order what is held."""
        request, most = self.requests[number], self.left[number]
        if request.parent:
            most = min(most, self.filled.get(request.parent, 0) - self.filled[number])
        if request.reduce_only:
            held = self.positions.get((request.strategy, request.symbol), 0)
            most = min(most, max(0, held if request.side == "sell" else -held))
        return most

    def fill(self, number, units):
        request = self.requests[number]
        self.filled[number] += units
        self.left[number] -= units
        at = (request.strategy, request.symbol)
        self.positions[at] = self.positions.get(at, 0) + (units if request.side == "buy" else -units)
        if not self.left[number]:
            del self.left[number]

    def end(self, number):
        """End an order unfilled, and what waits for it in vain; gives their numbers."""
        del self.left[number]
        waiting = [n for n in self.left if self.requests[n].parent == number and not self.filled[number]]
        return [number, *(n for child in waiting for n in self.end(child))]


class Trading(RuleBasedStateMachine):
    """The kernel, the courier, the venue, and the reports that are under way."""

    @initialize(prices=st.tuples(closes, closes))
    def open_the_stream(self, prices):
        self.kernel = opened(STRATEGIES, *MARKETS, account_of=account(MARKETS, kind="margin", leverage=Decimal(100)))
        self.venue, self.outbox, self.under_way, self.told = Venue(), [], [], []
        self.requests, self.ended, self.late, self.doubted = {}, {}, {}, set()
        self.ledger, self.booked = {"USDT": Fraction(1_000_000)}, {}
        self.minute = self.trades = 0
        for market, price in zip(MARKETS, prices, strict=True):
            self.see_a_candle(market, price)

    # The kernel decides.

    @rule(market=st.sampled_from(MARKETS), close=closes)
    def see_a_candle(self, market, close):
        (candle,) = candles([close], of=market, start=self.minute * MINUTE)
        self.minute += 1
        for request in self.send(self.kernel.turn(candle)):
            enters = not request.reduce_only
            assert not (enters and (request.strategy, request.symbol) in self.doubted), "it enters on doubtful ground"

    # An operator commands.

    @rule(of=st.sampled_from(["", *MOST]), symbol=st.sampled_from(["", *(market.symbol for market in MARKETS)]))
    def cancel_all(self, of, symbol):
        wishes = self.kernel.turn(CancelAllOrders(0, self.kernel.state.ordinal, of, symbol, "ops"))
        assert self.send(wishes) == []
        left = [o for o in self.kernel.state.orders.values() if o.state is not OrderState.CANCELING]
        assert not [o for o in left if of in ("", o.request.strategy) and symbol in ("", o.request.symbol)]

    @rule(of=st.sampled_from(list(MOST)), tenths=st.integers(0, 10))
    def change_limits(self, of, tenths):
        """Down from what it was at the start, and up to it again."""
        own = Limits(max_position=from_units(MOST[of] * tenths, 4))
        assert self.send(self.kernel.turn(ChangeLimits(0, self.kernel.state.ordinal, of, own, "ops"))) == []

    def send(self, events):
        """Put what the kernel requests into the outbox; gives the orders among it."""
        self.outbox += [e for e in events if isinstance(e, OrderRequested | CancelRequested)]
        orders = of_type(OrderRequested, events)
        self.requests |= {request.order: request for request in orders}
        return orders

    # The courier and the venue.

    @precondition(lambda self: self.outbox)
    @rule(fate=st.sampled_from(["accepted", "accepted", "rejected", "answer lost", "never arrived"]))
    def carry(self, fate):
        wish = self.outbox.pop(0)
        if isinstance(wish, CancelRequested):
            if wish.order in self.venue.left:
                self.end(wish.order, OrderCanceled)
            return
        if fate in ("answer lost", "never arrived"):
            self.report(OrderUnknown, wish.order)
        if fate in ("accepted", "answer lost"):
            self.venue.take(wish)
            self.report(OrderAccepted, wish.order)
        else:
            self.report(OrderRejected, wish.order)

    @precondition(lambda self: self.fillable())
    @rule(chance=anything, share=st.integers(1, 4), price=st.integers(1, 600_00), fee=st.integers(-5, 50),
          in_quote=st.booleans())  # fmt: skip
    def fill(self, chance, share, price, fee, in_quote):
        """The fee is in USDT, or in an asset that the order does not trade."""
        number = chance.choice(self.fillable())
        most = self.venue.most(number)
        units = max(1, most * share // 4)
        self.venue.fill(number, units)
        self.trades += 1
        third = ETH if self.requests[number].symbol == BTC.symbol else BTC
        self.under_way.append(
            OrderFilled(
                0, self.kernel.state.ordinal, number, f"t{self.trades}", from_units(price, 2), from_units(units, 3),
                from_units(fee, 2), "USDT" if in_quote else third.base,
            )
        )  # fmt: skip

    @precondition(lambda self: self.venue.left)
    @rule(chance=anything, kind=st.sampled_from([OrderCanceled, OrderExpired]))
    def end_by_itself(self, chance, kind):
        self.end(chance.choice(sorted(self.venue.left)), kind)

    def fillable(self):
        return [number for number in sorted(self.venue.left) if self.venue.most(number) > 0]

    def end(self, number, kind):
        for ended in self.venue.end(number):
            self.report(kind, ended)

    def report(self, kind, number):
        self.under_way.append(kind(0, self.kernel.state.ordinal, number, "as the venue says"))

    # What the kernel hears.

    @precondition(lambda self: self.under_way)
    @rule(chance=anything)
    def hear(self, chance):
        self.tell(self.under_way.pop(chance.randrange(len(self.under_way))))

    @precondition(lambda self: self.told)
    @rule(chance=anything, fills=st.booleans())
    def hear_again(self, chance, fills):
        before = self.books()
        again = [report for report in self.told if isinstance(report, OrderFilled)] if fills else []
        events = self.kernel.turn(chance.choice(again or self.told))
        assert {type(event) for event in events} <= {ReportRefused}
        assert not any(event.quarantined for event in events), "a repeated report contradicts nothing"
        assert self.books() == before

    @precondition(lambda self: self.requests and self.minute > 10)  # it ends trading in that market
    @rule(chance=anything, kind=st.sampled_from(["more than was ordered", "nothing", "an order that never was"]))
    def hear_a_lie(self, chance, kind):
        request = chance.choice(list(self.requests.values()))
        number = 10_000 if kind == "an order that never was" else request.order
        quantity = Decimal(0) if kind == "nothing" else Decimal(3)
        before = self.books()
        lie = OrderFilled(0, self.kernel.state.ordinal, number, "never", Decimal(500), quantity, Decimal(0), "USDT")
        (refused,) = self.kernel.turn(lie)
        assert self.books() == before
        assert refused.quarantined == (number == request.order)
        if refused.quarantined:
            self.doubted.add((request.strategy, request.symbol))

    @rule()
    def restart(self):
        fresh = opened(STRATEGIES, *MARKETS, account_of=account(MARKETS, kind="margin", leverage=Decimal(100)))
        fresh.restore(self.kernel.snapshot())
        assert fresh.fingerprint() == self.kernel.fingerprint()
        self.kernel = fresh

    def tell(self, report):
        state = self.kernel.state
        request = self.requests[report.order]
        if isinstance(report, OrderFilled):
            self.book(request, report)
            if report.order in state.ended:
                at = (request.strategy, request.symbol)
                self.late[at] = self.late.get(at, 0) + int(Fraction(report.quantity) * 1000)
        events = self.kernel.turn(report)
        assert not of_type(ReportRefused, events), "the venue told the truth"
        assert len(of_type(PositionChanged, events)) == isinstance(report, OrderFilled)
        assert all(order.reduce_only and order.purpose == "protection" for order in self.send(events))
        self.told.append(report)

    def book(self, request, fill):
        quantity, way = Fraction(fill.quantity), 1 if request.side == "buy" else -1
        base = request.symbol.split("/")[0]
        paid = {base: way * quantity, "USDT": -way * quantity * Fraction(fill.price)}
        for asset, change in (*paid.items(), (fill.fee_asset, -Fraction(fill.fee))):
            self.ledger[asset] = self.ledger.get(asset, 0) + change
        self.booked[fill.order] = self.booked.get(fill.order, 0) + quantity

    def books(self):
        state = self.kernel.state
        positions = {(n, s): (p.quantity, p.cost) for n, b in state.books.items() for s, p in b.positions.items()}
        return dict(state.balances), positions, {n: o.filled for n, o in self.orders().items()}

    def orders(self):
        return self.kernel.state.orders | self.kernel.state.ended

    # What is always true.

    @invariant()
    def balances_are_what_was_told(self):
        assert {asset: Fraction(b) for asset, b in self.kernel.state.balances.items() if b} == {
            asset: balance for asset, balance in self.ledger.items() if balance
        }

    @invariant()
    def an_order_is_filled_as_told_and_never_more_than_ordered(self):
        for number, order in self.orders().items():
            assert Fraction(order.filled) == self.booked.get(number, 0) <= Fraction(order.request.quantity)

    @invariant()
    def what_has_ended_stays_as_it_ended(self):
        for number, order in self.orders().items():
            assert (order.state in TERMINAL) == (number in self.kernel.state.ended)
            if order.state in TERMINAL:
                assert self.ended.setdefault(number, order.state) is order.state
        assert set(self.ended) == set(self.kernel.state.ended)

    @invariant()
    def a_position_knows_its_live_orders(self):
        state = self.kernel.state
        known = {(n, s, i) for n, b in state.books.items() for s, p in b.positions.items() for i in p.live}
        assert known == {(o.request.strategy, o.request.symbol, number) for number, o in state.orders.items()}

    @invariant()
    def limits_hold_at_the_venue(self):
        """Whatever the kernel has not heard yet. Only a fill after its order's end nobody can reckon with."""
        for (name, symbol), units in self.venue.positions.items():
            unheard = sum(
                int(Fraction(r.quantity) * 1000)
                for r in self.under_way
                if isinstance(r, OrderFilled) and r.order in self.ended and self.at(r.order) == (name, symbol)
            )
            assert abs(units) <= MOST[name] + self.late.get((name, symbol), 0) + unheard

    def at(self, number):
        return self.requests[number].strategy, self.requests[number].symbol

    # In the end.

    def teardown(self):
        """Everything arrives: the kernel knows what the venue knows."""
        if not hasattr(self, "venue"):
            return
        while self.outbox or self.under_way:
            while self.outbox:
                self.carry("accepted")
            while self.under_way:
                self.tell(self.under_way.pop())
        for name, book in self.kernel.state.books.items():
            for symbol, known in book.positions.items():
                assert Fraction(known.quantity) * 1000 == self.venue.positions.get((name, symbol), 0)
        assert set(self.kernel.state.orders) == set(self.venue.left)
        for number, order in self.orders().items():
            assert Fraction(order.filled) * 1000 == self.venue.filled.get(number, 0)
            assert (order.state is OrderState.FILLED) == (order.filled == order.request.quantity)


Trading.TestCase.settings = settings(max_examples=sample(50), stateful_step_count=50, deadline=None)
TestTrading = Trading.TestCase


# Every order of arrival.


def heard(*reports):
    """A kernel that asked for 1 BTC, after it has heard these; and what it refused."""
    kernel = opened(strategy(OBEY), BTC)
    turned(kernel, candles([LONG_AT]))
    return kernel, of_type(ReportRefused, turned(kernel, reports))


def trade(name, quantity):
    return OrderFilled(0, 1, 1, name, Decimal(500), Decimal(quantity), Decimal("0.25"), "USDT")


ACCEPTED, UNKNOWN, CANCELED = (kind(0, 1, 1, "said") for kind in (OrderAccepted, OrderUnknown, OrderCanceled))
QUARTER, HALF, REST = trade("t1", "0.25"), trade("t2", "0.5"), trade("t3", "0.25")


@pytest.mark.parametrize(
    ("reports", "end", "held"),
    [
        ([ACCEPTED, QUARTER, QUARTER, HALF, CANCELED], OrderState.CANCELED, "0.75"),
        ([UNKNOWN, ACCEPTED, QUARTER, HALF, HALF, REST], OrderState.FILLED, "1"),
    ],
    ids=["canceled with a part of it filled", "filled"],
)
def test_reports_come_to_the_same_in_every_order(reports, end, held):
    """One of the trades is reported twice."""
    for told in permutations(reports):
        kernel, refused = heard(*told)
        (order,) = (kernel.state.orders | kernel.state.ended).values()
        assert (order.state, order.filled, position(kernel).quantity) == (end, Decimal(held), Decimal(held))
        assert [(r.reason, r.quarantined) for r in refused] == [("trade_already_booked", False)]
        assert (kernel.state.orders, position(kernel).live) == ({}, [])
        paid = 500 * Fraction(held) + Fraction(len({r.trade_id for r in told if isinstance(r, OrderFilled)}), 4)
        assert Fraction(kernel.state.balances["USDT"]) == 1_000_000 - paid

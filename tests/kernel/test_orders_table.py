"""The order table; and an account under a venue that reports anything in any order, beside a ledger in fractions.

What is refused must leave no trace, but for the quarantine of an order that a report contradicts.
"""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, precondition, rule

from kernel.events import CancelRequested, EquityMarked, OrderRequested, PositionChanged, ReportRefused
from kernel.evolve import evolve
from kernel.messages import OrderAccepted, OrderCanceled, OrderExpired, OrderFilled, OrderRejected, OrderUnknown
from kernel.money import from_units
from kernel.orders import TERMINAL, TRANSITIONS, OrderState, Trigger
from tests.campaign import sample
from tests.kernel.given import BTC, CASH, ETH, MINUTE, OBEDIENT, candles, instrument, opened, position


def test_every_state_answers_every_trigger():
    assert set(TRANSITIONS) == set(OrderState)
    for answers in TRANSITIONS.values():
        assert set(answers) == set(Trigger)


@pytest.mark.parametrize("state", [state for state in OrderState if state in TERMINAL])
def test_what_has_ended_stays_as_it_ended(state):
    assert {becomes for becomes in TRANSITIONS[state].values() if becomes is not None} <= {state}


@pytest.mark.parametrize("state", [state for state in OrderState if state not in TERMINAL])
def test_from_every_live_state_there_is_a_way_to_each_end_that_can_still_happen(state):
    reachable, found = {state}, set()
    while reachable:
        found |= reachable
        reachable = {s for seen in reachable for s in TRANSITIONS[seen].values() if s} - found
    assert found - {OrderState.REQUESTED} >= TERMINAL - {state}


def test_no_way_leads_back_to_requested():
    assert all(OrderState.REQUESTED not in answers.values() for answers in TRANSITIONS.values())


BNB = instrument("BNB/USDT")
quantities = st.builds(from_units, st.integers(1, 3000), st.just(3))
fees = st.builds(from_units, st.integers(-50, 500), st.integers(3, 8))  # a maker's rebate is a negative fee
wishless_prices = st.integers(50_00, 60_00).map(lambda units: 10 * units)  # what ends in 0 asks for no order
fee_assets = st.sampled_from(["USDT", "base", "BNB"])
PLAIN_REPORTS = {
    OrderAccepted: Trigger.ACCEPTED,
    OrderRejected: Trigger.REJECTED,
    OrderCanceled: Trigger.CANCELED,
    OrderExpired: Trigger.EXPIRED,
    OrderUnknown: Trigger.WENT_UNKNOWN,
}


class Ordered:
    """What the test itself knows of an order."""

    def __init__(self, market, side, quantity):
        self.market, self.side, self.quantity = market, side, quantity
        self.filled, self.trades = Fraction(0), set()
        self.state = OrderState.REQUESTED


class Account(RuleBasedStateMachine):
    """Orders of any size and side go out, long and short; the venue answers as it likes; the books must agree."""

    orders = Bundle("orders")

    @initialize(prices=st.tuples(wishless_prices, wishless_prices, wishless_prices))
    def open_the_stream(self, prices):
        self.kernel = opened(OBEDIENT, BTC, ETH, BNB)
        self.known, self.ordinal, self.minute, self.trades_told = {}, 0, 0, 0
        self.ledger = {"USDT": Fraction(CASH)}
        self.charged = {}
        self.cost, self.quarantined = {BTC: Fraction(0), ETH: Fraction(0)}, []
        self.last = {}
        for market, price in zip((BTC, ETH, BNB), prices, strict=True):
            self.see_a_price(market, price)

    @rule(market=st.sampled_from([BTC, ETH, BNB]), price=wishless_prices)
    def see_a_price(self, market, price):
        (candle,) = candles([price], of=market, start=self.minute * MINUTE)
        self.kernel.turn(candle)
        self.ordinal, self.minute = self.ordinal + 1, self.minute + 1
        self.last[market] = Fraction(price, 100)

    @rule(target=orders, market=st.sampled_from([BTC, ETH]), side=st.sampled_from(["buy", "sell"]), quantity=quantities)
    def request(self, market, side, quantity):
        number = len(self.known) + 1
        evolve(
            self.kernel.state,
            OrderRequested(0, "tested", market.symbol, self.ordinal, number, side, "market", quantity),
        )
        self.known[number] = Ordered(market, side, quantity)
        return number

    @rule(number=orders)
    def wish_it_gone(self, number):
        order = self.known[number]
        becomes = TRANSITIONS[order.state][Trigger.CANCEL_REQUESTED]
        if becomes is not None:
            evolve(self.kernel.state, CancelRequested(0, "tested", order.market.symbol, number, "command"))
            order.state = becomes

    @rule(number=st.one_of(orders, st.just(999)), kind=st.sampled_from(list(PLAIN_REPORTS)))
    def hear(self, number, kind):
        order = self.known.get(number)
        becomes = TRANSITIONS[order.state][PLAIN_REPORTS[kind]] if order else None
        before = self.kernel.fingerprint()
        events = self.kernel.turn(kind(0, self.ordinal, number, "as the venue says"))
        if becomes is None:
            self.was_refused(number, events, before, contradicts=order is not None)
        else:
            assert not events
            order.state = becomes

    @rule(
        number=st.one_of(orders, st.just(999)),
        share=st.fractions(Fraction(-1, 2), Fraction(5, 4), max_denominator=8),
        price=st.integers(-1, 600_00),
        fee=fees,
        fee_asset=fee_assets,
    )
    def fill(self, number, share, price, fee, fee_asset):
        """A share of the order's quantity, nothing and too much included."""
        order = self.known.get(number)
        units = int(share * 1000 * Fraction(order.quantity)) if order else 1
        self.tell_of_a_trade(number, units, price, fee, fee_asset)

    @precondition(lambda self: self.live())
    @rule(data=st.data(), price=st.integers(1, 600_00), fee=fees, fee_asset=fee_assets)
    def fill_the_rest(self, data, price, fee, fee_asset):
        """Random shares seldom end an order: this does."""
        number = data.draw(st.sampled_from(self.live()))
        order = self.known[number]
        self.tell_of_a_trade(number, int((Fraction(order.quantity) - order.filled) * 1000), price, fee, fee_asset)
        assert order.state is OrderState.FILLED

    @precondition(lambda self: any(order.trades for order in self.known.values()))
    @rule(data=st.data())
    def tell_of_a_trade_again(self, data):
        """There may be room for it."""
        number = data.draw(st.sampled_from([n for n, order in self.known.items() if order.trades]))
        trade = data.draw(st.sampled_from(sorted(self.known[number].trades)))
        self.tell_of_a_trade(number, 1, 500_00, Decimal(0), "USDT", trade=trade)

    @rule()
    def restart(self):
        restarted = opened(OBEDIENT, BTC, ETH, BNB)
        restarted.restore(self.kernel.snapshot())
        assert restarted.fingerprint() == self.kernel.fingerprint()
        self.kernel = restarted

    def tell_of_a_trade(self, number, units, price, fee, fee_asset, *, trade=None):
        order = self.known.get(number)
        self.trades_told += 1
        asset = order.market.base if order and fee_asset == "base" else fee_asset
        report = OrderFilled(
            ts=0,
            after=self.ordinal,
            order=number,
            trade_id=trade or f"t{self.trades_told}",
            price=from_units(price, 2),
            quantity=from_units(units, 3),
            fee=fee,
            fee_asset=asset,
        )
        before = self.kernel.fingerprint()
        events = self.kernel.turn(report)
        if order and self.is_a_trade(order, report):
            self.book(order, report)
            assert [type(event) for event in events] == [PositionChanged, EquityMarked]
            assert Fraction(events[-1].equity) == self.worth()
        else:
            repeated = order is not None and report.trade_id in order.trades
            self.was_refused(number, events, before, contradicts=order is not None and not repeated)

    def live(self):
        return [number for number, order in self.known.items() if order.state not in TERMINAL]

    def is_a_trade(self, order, report):
        fits = 0 < Fraction(report.quantity) <= Fraction(order.quantity) - order.filled
        expects = TRANSITIONS[order.state][Trigger.PARTLY_FILLED] is not None
        return fits and report.price > 0 and report.trade_id not in order.trades and expects

    def was_refused(self, number, events, before, *, contradicts):
        (refused,) = events
        assert (type(refused), refused.quarantined) == (ReportRefused, contradicts)
        if contradicts:
            self.quarantined += [number] if number not in self.quarantined else []
        else:
            assert self.kernel.fingerprint() == before, "something was booked on a refused report"

    def book(self, order, report):
        price, quantity, fee = Fraction(report.price), Fraction(report.quantity), Fraction(report.fee)
        base, way = order.market.base, 1 if order.side == "buy" else -1
        held = self.ledger.get(base, Fraction(0))
        for asset, change in ((base, way * quantity), ("USDT", -way * price * quantity), (report.fee_asset, -fee)):
            self.ledger[asset] = self.ledger.get(asset, Fraction(0)) + change
        self.charged[report.fee_asset] = self.charged.get(report.fee_asset, Fraction(0)) + fee
        self.cost[order.market] = cost_after(
            self.cost[order.market], held, self.ledger[base] - held, way * price * quantity
        )
        order.filled += quantity
        order.trades.add(report.trade_id)
        done = order.filled == Fraction(order.quantity)
        order.state = TRANSITIONS[order.state][Trigger.FILLED if done else Trigger.PARTLY_FILLED]

    def worth(self):
        return self.ledger["USDT"] + sum(self.ledger.get(m.base, 0) * self.last[m] for m in self.last)

    @invariant()
    def the_books_agree(self):
        state = self.kernel.state
        assert {asset: Fraction(balance) for asset, balance in state.balances.items()} == self.ledger
        assert {asset: Fraction(fee) for asset, fee in state.fees.items()} == self.charged
        for market in (BTC, ETH):
            assert Fraction(position(self.kernel, market.symbol).quantity) == self.ledger.get(market.base, 0)

    @invariant()
    def costs_are_average_costs(self):
        """Each split of a cost is rounded once, at the eighteenth decimal."""
        for market, cost in self.cost.items():
            off = abs(Fraction(position(self.kernel, market.symbol).cost) - cost)
            assert off <= (self.trades_told + 1) * Fraction(1, 10**15)

    @invariant()
    def orders_are_as_told(self):
        state = self.kernel.state
        assert list(state.orders) == self.live()
        assert set(state.orders) | set(state.ended) == set(self.known)
        for number, order in (state.orders | state.ended).items():
            assert order.state is self.known[number].state
            assert Fraction(order.filled) == self.known[number].filled <= Fraction(order.request.quantity)
            assert order.trade_ids == list(dict.fromkeys(order.trade_ids))
            assert set(order.trade_ids) == self.known[number].trades
            assert order.quarantined is (number in self.quarantined)
        assert state.quarantined == self.quarantined


def cost_after(cost, held, moved, paid):
    """What the position was bought for: its growth adds, its reduction takes a share, a flip begins anew."""
    if held == 0 or held * moved > 0:
        return cost + paid
    share = abs(moved / held)
    return cost * (1 - share) if share <= 1 else paid * (1 - 1 / share)


Account.TestCase.settings = settings(max_examples=sample(50), stateful_step_count=40, deadline=None)
TestAccount = Account.TestCase

"""What every venue must do, whatever stands behind it. A new venue is one entry in VENUES.

Its orders, answers and reports are driven by scripts: lists of candles, submissions, cancels. What the venue says it
holds must be what its reports add up to.
"""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.events import OrderRequested
from kernel.messages import OrderCanceled, OrderExpired, OrderFilled
from kernel.money import from_units
from tests.kernel.given import BTC, ETH, MINUTE, candles, finish, instrument
from venues.fills import SimulatedVenueConfig
from venues.simulated import SimulatedVenue
from venues.venue import AbsentFinal, Accepted, Done, Found, Gone, Rejected

OPENING = {"USDT": Decimal(10_000), "ETH": Decimal(2)}
VENUES = {
    "simulated, same close": lambda: SimulatedVenue(SimulatedVenueConfig("same_close"), [BTC, ETH], OPENING),
    "simulated, next open": lambda: SimulatedVenue(SimulatedVenueConfig("next_open"), [BTC, ETH], OPENING),
}
ENDS = (OrderFilled, OrderCanceled, OrderExpired)
every_venue = pytest.mark.parametrize("make", VENUES.values(), ids=VENUES)


class Desk:
    """One venue with a market that moves, and everything that it has reported, in order."""

    def __init__(self, venue):
        self.venue, self.reports, self.requests, self.candles = venue, [], {}, 0

    def move(self, market=BTC, close=500_00):
        (candle,) = candles([close], of=market, start=self.candles * MINUTE)
        self.hear(self.venue.take(candle), self.candles)
        self.candles += 1

    def submit(self, quantity="1", side="buy", market=BTC, name=None):
        number = len(self.requests) + 1
        request = OrderRequested(0, "s", market.symbol, 1, number, side, "market", Decimal(quantity))
        self.requests[number] = request
        answer = finish(self.venue.submit(request, name or f"c{number}"))
        self.hear(self.venue.reports(), self.candles)
        return answer

    def cancel(self, name):
        answer = finish(self.venue.cancel(name))
        self.hear(self.venue.reports(), self.candles)
        return answer

    def query(self, name):
        return finish(self.venue.query(name))

    def account(self):
        return finish(self.venue.account_snapshot())

    def hear(self, reports, after):
        assert all(report.after == after for report in reports), "a report follows the market message before it"
        self.reports += reports


@pytest.fixture(params=VENUES.values(), ids=VENUES)
def desk(request):
    desk = Desk(request.param())
    desk.move()
    return desk


# Answers.


def test_an_order_is_accepted_filled_and_found(desk):
    assert isinstance(desk.submit("1.5"), Accepted)
    desk.move()
    (fill,) = desk.reports
    assert (fill.order, fill.quantity, fill.fee_asset) == (1, Decimal("1.5"), "USDT")
    found = desk.query("c1")
    assert (found.status, found.quantity, found.filled) == ("filled", Decimal("1.5"), Decimal("1.5"))


def test_an_order_that_was_never_sent_is_absent_for_good(desk):
    assert desk.query("never") == AbsentFinal()


def test_an_order_is_known_by_the_same_venue_id_from_its_answer_on(desk):
    accepted = desk.submit()
    assert desk.query("c1").venue_order_id == accepted.venue_order_id
    desk.move()
    assert desk.query("c1").venue_order_id == accepted.venue_order_id


@pytest.mark.parametrize("filled_before", [False, True])
def test_the_same_client_order_id_is_never_worked_twice(desk, filled_before):
    desk.submit(name="once")
    if filled_before:
        desk.move()
    assert isinstance(desk.submit(name="once"), Rejected)
    desk.move()
    desk.move()
    assert [report.order for report in desk.reports] == [1]


@pytest.mark.parametrize("quantity", ["0", "-1", "0.0005", "1.0001"])
def test_what_is_not_whole_lots_is_rejected(desk, quantity):
    before = desk.account().balances
    assert isinstance(desk.submit(quantity), Rejected)
    assert not isinstance(desk.query("c1"), Found)
    desk.move()
    assert (desk.reports, desk.account().balances) == ([], before)


@pytest.mark.parametrize("market", [ETH, instrument("SOL/USDT")], ids=["no price yet", "no such market"])
def test_what_has_no_price_is_rejected(desk, market):
    assert isinstance(desk.submit(market=market), Rejected)


def test_what_is_open_can_be_canceled_once(desk):
    desk.submit()
    is_open = desk.query("c1").status == "open"
    answer = desk.cancel("c1")
    assert answer == (Done() if is_open else Gone())
    assert desk.cancel("c1") == Gone()
    desk.move()
    assert [type(report) for report in desk.reports] == [OrderCanceled if is_open else OrderFilled]
    assert desk.query("c1").status == ("canceled" if is_open else "filled")
    assert desk.query("c1").filled == (0 if is_open else 1)


def test_what_is_not_there_cannot_be_canceled(desk):
    assert desk.cancel("never") == Gone()
    assert desk.reports == []


def test_an_open_order_is_never_forgotten(desk):
    for _ in range(2100):
        desk.submit("0.001")
    ended = {report.order for report in desk.reports}
    for number in range(1, 2101):
        assert number in ended or desk.query(f"c{number}").status == "open"


# Scripts.

market = st.sampled_from([BTC, ETH])
steps = st.one_of(
    st.tuples(st.just("move"), market, st.integers(100_00, 900_00)),
    st.tuples(
        st.just("submit"),
        st.builds(from_units, st.integers(1, 20_000), st.just(3)),
        st.sampled_from(["buy", "sell"]),
        market,
    ),
    st.tuples(st.just("cancel"), st.integers(1, 5).map("c{}".format)),
    st.tuples(st.just("query"), st.integers(1, 5).map("c{}".format)),
)
scripts = st.lists(steps, max_size=40).map(lambda body: [("move", BTC, 500_00), ("move", ETH, 300_00), *body])


def play(desk, script):
    """Every answer and every report, in order."""
    return [(getattr(desk, name)(*arguments), tuple(desk.reports)) for name, *arguments in script]


@every_venue
@given(scripts)
def test_the_account_is_what_the_reports_add_up_to(make, script):
    desk = Desk(make())
    for step in script:
        play(desk, [step])
        ledger = {asset: Fraction(amount) for asset, amount in OPENING.items()}
        for fill in desk.reports:
            if isinstance(fill, OrderFilled):
                request = desk.requests[fill.order]
                base, way = request.symbol.split("/")[0], 1 if request.side == "buy" else -1
                ledger[base] = ledger.get(base, 0) + way * Fraction(fill.quantity)
                ledger["USDT"] -= way * Fraction(fill.quantity) * Fraction(fill.price)
                ledger[fill.fee_asset] -= Fraction(fill.fee)
        stated = {asset: Fraction(amount) for asset, amount in desk.account().balances.items()}
        assert stated == ledger
        assert min(stated.values()) >= 0, "a spot account owes nothing"


@every_venue
@given(scripts)
def test_every_accepted_order_is_open_or_has_ended_by_one_report(make, script):
    desk = Desk(make())
    accepted = set()
    for step in script:
        ((answer, _),) = play(desk, [step])
        if isinstance(answer, Accepted):
            accepted.add(len(desk.requests))
        ended = [report.order for report in desk.reports if isinstance(report, ENDS)]
        still_open = accepted - set(ended)
        assert len(ended) == len(set(ended))
        assert set(ended) <= accepted
        assert sorted(desk.account().open_orders) == sorted(f"c{number}" for number in still_open)
        for number in accepted:
            assert (desk.query(f"c{number}").status == "open") == (number in still_open)
    assert desk.venue.reports() == (), "each report is given once"


@every_venue
@given(scripts)
def test_the_same_script_gives_the_same_answers(make, script):
    assert play(Desk(make()), script) == play(Desk(make()), script)


@every_venue
@given(scripts, st.integers(0, 42))
def test_a_restored_venue_goes_on_as_if_nothing_had_happened(make, script, cut):
    desk, other = Desk(make()), Desk(make())
    play(desk, script[:cut])
    other.venue.restore(desk.venue.snapshot())
    other.reports, other.requests, other.candles = list(desk.reports), dict(desk.requests), desk.candles
    assert play(other, script[cut:]) == play(desk, script[cut:])
    assert other.venue.snapshot() == desk.venue.snapshot()
    assert other.account() == desk.account()

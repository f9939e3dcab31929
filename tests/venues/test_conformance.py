"""What every venue must do, whatever stands behind it. A new venue is one entry in VENUES.

Its orders, answers and reports are driven by scripts: lists of candles, submissions, cancels. What the venue says it
holds must be what its reports add up to.
"""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.account import Account
from kernel.events import OrderRequested
from kernel.messages import CandleClosed, InstantClosed, OrderCanceled, OrderExpired, OrderFilled
from kernel.money import from_units
from tests.kernel.given import BTC, ETH, MINUTE, finish, instrument
from venues.simulated import SimulatedVenue
from venues.simulation import SimulatedVenueConfig
from venues.venue import AbsentFinal, Accepted, Done, Found, Gone, Rejected

OPENING = {"USDT": Decimal(10_000), "ETH": Decimal(2)}


def simulated(kind="cash", seed=0, **config):
    account = Account("USDT", OPENING, {"BTC": "BTC/USDT", "ETH": "ETH/USDT"}, kind, Decimal(3))
    return SimulatedVenue(SimulatedVenueConfig(**config), [BTC, ETH], account, seed=seed)


VENUES = {
    "simulated, same close": lambda: simulated(fill="same_close"),
    "simulated, next open": simulated,
    "simulated, partial fills": lambda: simulated(
        volume_share=Decimal("0.5"), impact_rate=Decimal("0.1"), limit_touch_probability=Decimal("0.5")
    ),
    "simulated, latency": lambda: simulated(latency_ms=20_000, latency_jitter_ms=90_000, seed=7),
    "simulated, margin": lambda: simulated(
        "margin", fill="same_close", volume_share=Decimal("0.3"), slippage_rate=Decimal("0.001"), path="best"
    ),
    "simulated, fees in what is received": lambda: simulated(fee_asset="received", maker_fee_rate=Decimal(0)),
}
LENDS = {"simulated, margin"}
every_venue = pytest.mark.parametrize("name", VENUES)


class Desk:
    """One venue with a market that moves, and everything that it has reported, in order."""

    def __init__(self, venue):
        self.venue, self.reports, self.requests, self.candles = venue, [], {}, 0

    def move(self, market=BTC, prices=(500_00, 500_00, 500_00, 500_00), volume=1_000_000):
        opened = self.candles * MINUTE
        candle = CandleClosed(opened + MINUTE, market.symbol, opened, *prices, volume)
        self.hear(self.venue.take(candle), self.candles)
        self.candles += 1

    def instant(self):
        self.hear(self.venue.take(InstantClosed(self.candles * MINUTE)), self.candles)
        self.candles += 1

    def submit(self, quantity="1", side="buy", market=BTC, name=None, kind="market", **terms):
        number = len(self.requests) + 1
        request = OrderRequested(
            self.candles * MINUTE, "s", market.symbol, 1, number, side, kind, Decimal(quantity), **terms
        )
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

    def filled(self, number):
        return sum((r.quantity for r in self.reports if isinstance(r, OrderFilled) and r.order == number), Decimal(0))

    def ended(self):
        """The numbers of the orders whose end was reported, each as often as it was."""
        ends = [r.order for r in self.reports if isinstance(r, OrderCanceled | OrderExpired)]
        return ends + [n for n, r in self.requests.items() if self.left(n) == 0]

    def left(self, number):
        return self.requests[number].quantity - self.filled(number) - self.carried(number)

    def carried(self, number):
        """What an order has from those whose place it took."""
        before = self.requests[number].replaces
        if not before or OrderCanceled(0, 0, before, "replaced") not in map(unstamped, self.reports):
            return Decimal(0)
        return self.filled(before) + self.carried(before)


def unstamped(report):
    return OrderCanceled(0, 0, report.order, report.reason) if isinstance(report, OrderCanceled) else report


@pytest.fixture(params=VENUES.values(), ids=VENUES)
def desk(request):
    desk = Desk(request.param())
    desk.move()
    return desk


def settle(desk):
    """Whatever travels arrives."""
    for _ in range(4):
        desk.move()


# Answers.


def test_an_order_is_accepted_filled_and_found(desk):
    assert isinstance(desk.submit("1.5"), Accepted)
    settle(desk)
    (fill,) = desk.reports
    assert (fill.order, fill.quantity, fill.trade_id) == (1, Decimal("1.5"), "1-1")
    found = desk.query("c1")
    assert (found.status, found.quantity, found.filled) == ("filled", Decimal("1.5"), Decimal("1.5"))


def test_an_order_that_was_never_sent_is_absent_for_good(desk):
    assert desk.query("never") == AbsentFinal()


def test_an_order_is_known_by_the_same_venue_id_from_its_answer_on(desk):
    accepted = desk.submit()
    assert desk.query("c1").venue_order_id == accepted.venue_order_id
    settle(desk)
    assert desk.query("c1").venue_order_id == accepted.venue_order_id


@pytest.mark.parametrize("filled_before", [False, True])
def test_the_same_client_order_id_is_never_worked_twice(desk, filled_before):
    desk.submit(name="once")
    if filled_before:
        settle(desk)
    assert isinstance(desk.submit(name="once"), Rejected)
    settle(desk)
    assert [report.order for report in desk.reports] == [1]


@pytest.mark.parametrize("quantity", ["0", "-1", "0.0005", "1.0001"])
def test_what_is_not_whole_lots_is_rejected(desk, quantity):
    before = desk.account().balances
    assert isinstance(desk.submit(quantity), Rejected)
    assert not isinstance(desk.query("c1"), Found)
    settle(desk)
    assert (desk.reports, desk.account().balances) == ([], before)


@pytest.mark.parametrize(
    ("kind", "terms"),
    [
        ("limit", {}),
        ("limit", {"price": Decimal("500.001")}),
        ("limit", {"price": Decimal(-500)}),
        ("stop_market", {"price": Decimal(510)}),
        ("take_profit", {"trigger": Decimal("490.005")}),
        ("stop_limit", {"trigger": Decimal(510)}),
        ("trailing_stop", {}),
        ("trailing_stop", {"trail": Decimal(0)}),
        ("trailing_stop", {"trail_rate": Decimal(1)}),
    ],
)
def test_what_lacks_a_price_or_is_off_the_tick_is_rejected(desk, kind, terms):
    assert desk.submit(kind=kind, **terms) == Rejected("invalid_price")
    assert desk.account().open_orders == []


@pytest.mark.parametrize("market", [ETH, instrument("SOL/USDT")], ids=["no price yet", "no such market"])
def test_what_has_no_price_is_rejected(desk, market):
    assert isinstance(desk.submit(market=market), Rejected)


def test_what_is_open_can_be_canceled(desk):
    desk.submit(kind="limit", price=Decimal(400))
    assert desk.query("c1").status == "open"
    assert desk.cancel("c1") == Done()
    settle(desk)
    assert [(type(report), report.reason) for report in desk.reports] == [(OrderCanceled, "requested")]
    assert desk.cancel("c1") == Gone()
    assert (desk.query("c1").status, desk.query("c1").filled) == ("canceled", 0)


def test_what_is_not_there_cannot_be_canceled(desk):
    assert desk.cancel("never") == Gone()
    assert desk.reports == []


def test_an_open_order_is_never_forgotten(desk):
    for _ in range(2100):
        desk.submit("0.001", kind="limit", price=Decimal(400) if len(desk.requests) < 5 else Decimal(600))
        if len(desk.requests) % 100 == 0:
            desk.move()
    ended = set(desk.ended())
    for number in range(1, 2101):
        assert number in ended or desk.query(f"c{number}").status == "open"
    assert {1, 2, 3, 4} & ended == set()


# Scripts.

KINDS = ["market", "limit", "stop_market", "stop_limit", "take_profit", "trailing_stop"]
market = st.sampled_from([BTC, ETH])
cents = st.integers(10, 60).map(lambda n: n * 10_00)
shapes = st.lists(cents, min_size=4, max_size=4).map(lambda p: (p[0], max(p), min(p), p[1]))
price = cents.map(lambda units: from_units(units, 2))
earlier = st.integers(1, 6)


@st.composite
def terms(draw):
    kind = draw(st.sampled_from(KINDS))
    given = {"kind": kind}
    if kind in ("limit", "stop_limit"):
        given["price"] = draw(price)
    if kind in ("stop_market", "stop_limit", "take_profit"):
        given["trigger"] = draw(price)
    if kind == "trailing_stop":
        given |= draw(st.sampled_from([{"trail": Decimal("33.5")}, {"trail_rate": Decimal("0.07")}]))
    given["time_in_force"] = draw(st.sampled_from(["gtc"] * 4 + ["ioc", "fok", "gtd"]))
    if given["time_in_force"] == "gtd":
        given["expires_at"] = draw(st.integers(1, 30)) * MINUTE
    given["post_only"], given["reduce_only"] = draw(st.booleans()), draw(st.booleans())
    for link in ("parent", "group", "replaces"):
        if draw(st.integers(0, 3)) == 0:
            given[link] = draw(earlier)
    return given


steps = st.one_of(
    st.tuples(st.just("move"), market, shapes, st.sampled_from([0, 1000, 30_000])),
    st.tuples(st.just("move"), market, shapes, st.just(30_000)),
    st.tuples(
        st.just("submit"),
        st.builds(from_units, st.integers(1, 9_000), st.just(3)),
        st.sampled_from(["buy", "sell"]),
        market,
        st.none(),
        terms(),
    ),
    st.tuples(st.just("cancel"), earlier.map("c{}".format)),
    st.tuples(st.just("query"), earlier.map("c{}".format)),
    st.tuples(st.just("instant")),
)
START = [("move", BTC, (500_00,) * 4, 1000), ("move", ETH, (300_00,) * 4, 1000)]
scripts = st.lists(steps, max_size=40).map(lambda body: [*START, *body])


def play(desk, script):
    """Every answer and every report, in order."""
    said = []
    for name, *arguments in script:
        terms = arguments.pop() if name == "submit" else {}
        said.append((getattr(desk, name)(*arguments, **terms), tuple(desk.reports)))
    return said


@every_venue
@given(scripts)
def test_the_account_is_what_the_reports_add_up_to(name, script):
    desk = Desk(VENUES[name]())
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
        assert name in LENDS or min(stated.values()) >= 0, "a spot account owes nothing"


@every_venue
@given(scripts)
def test_every_accepted_order_is_open_or_has_ended_by_one_report(name, script):
    desk = Desk(VENUES[name]())
    accepted = set()
    for step in script:
        ((answer, _),) = play(desk, [step])
        if isinstance(answer, Accepted):
            accepted.add(len(desk.requests))
        ended = [number for number in desk.ended() if number in accepted]
        still_open = accepted - set(ended)
        assert len(ended) == len(set(ended))
        assert {report.order for report in desk.reports} <= accepted
        assert sorted(desk.account().open_orders) == sorted(f"c{number}" for number in still_open)
        for number in accepted:
            found = desk.query(f"c{number}")
            assert (found.status == "open") == (number in still_open)
            assert found.filled == desk.filled(number) + desk.carried(number)
    assert desk.venue.reports() == (), "each report is given once"


@every_venue
@given(scripts)
def test_no_fill_is_worse_than_its_limit_or_larger_than_its_order(name, script):
    desk = Desk(VENUES[name]())
    play(desk, script)
    for fill in desk.reports:
        if isinstance(fill, OrderFilled):
            request = desk.requests[fill.order]
            assert desk.left(fill.order) >= 0
            if request.price is not None:
                assert fill.price <= request.price if request.side == "buy" else fill.price >= request.price
            assert not (request.post_only and request.kind == "limit" and fill.liquidity == "taker")


@every_venue
@given(scripts)
def test_the_same_script_gives_the_same_answers(name, script):
    assert play(Desk(VENUES[name]()), script) == play(Desk(VENUES[name]()), script)


@every_venue
@given(scripts, st.integers(0, 42))
def test_a_restored_venue_goes_on_as_if_nothing_had_happened(name, script, cut):
    desk, other = Desk(VENUES[name]()), Desk(VENUES[name]())
    play(desk, script[:cut])
    other.venue.restore(desk.venue.snapshot())
    other.reports, other.requests, other.candles = list(desk.reports), dict(desk.requests), desk.candles
    assert play(other, script[cut:]) == play(desk, script[cut:])
    assert other.venue.snapshot() == desk.venue.snapshot()
    assert other.account() == desk.account()


@every_venue
@given(scripts)
def test_a_venue_that_sees_only_the_candles_it_asks_for_does_the_same(name, script):
    desk, other = Desk(VENUES[name]()), Desk(VENUES[name]())
    for step in script:
        if step[0] == "move":
            wake, (_, traded, prices, _) = other.venue.wake(step[1].symbol), step
            close_ts = (other.candles + 1) * MINUTE
            if prices[2] > wake.low and prices[1] < wake.high and close_ts < wake.ts:
                play(desk, [step])
                other.venue.passed(1, close_ts, {traded.symbol: prices[3]})
                other.candles += 1
                continue
        assert play(other, [step]) == play(desk, [step])
    assert other.account() == desk.account()

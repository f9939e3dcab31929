"""How a session sends: under ids made of records, in order, and what it makes of every answer that a venue can give."""

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

import pytest
from hypothesis import given, settings

from kernel.brackets import Entry, Exits
from kernel.events import CancelRequested, OrderRequested
from kernel.messages import (
    AmendOrder,
    CancelOrder,
    OrderAccepted,
    OrderCanceled,
    OrderFilled,
    OrderRejected,
    OrderUnknown,
    SetTradingState,
)
from kernel.orders import OrderState
from service import session as sessions
from service.journal import BatchJournal
from service.session import Session
from tests.kernel.given import (
    BTC,
    ETH,
    FLAT_AT,
    LONG_AT,
    MINUTE,
    NEITHER_AT,
    OBEY,
    ListWriter,
    candles,
    finish,
    of_type,
    opened,
    strategy,
)  # fmt: skip
from tests.service.both_ways import stepped
from tests.service.drawn_setups import setups
from venues.venue import Accepted, Done, Gone, NotSent, Rejected, Unknown

GUARDED = strategy(OBEY, exits=Exits(stop_loss=Decimal("0.1"), take_profit=Decimal("0.1")))


@dataclass
class Desk:
    """A venue that answers as it is told, and remembers what it was asked; by default it takes whatever comes."""

    answer: Callable = lambda request: Accepted(f"v{request.order}")
    on_cancel: Callable = lambda number: Done()
    sent: list = field(default_factory=list)
    canceled: list = field(default_factory=list)
    waiting: list = field(default_factory=list)
    answers_at_once: bool = True

    def take(self, message):
        return ()

    def reports(self):
        given, self.waiting = self.waiting, []
        return given

    async def submit(self, request, client_order_id):
        self.sent.append((request.order, client_order_id))
        return self.answer(request)

    async def cancel(self, client_order_id):
        (number,) = (order for order, name in self.sent if name == client_order_id)
        self.canceled.append((number, client_order_id))
        return self.on_cancel(number)


def begun(desk, of=GUARDED, *instruments):
    writer = ListWriter()
    return Session(opened(of, *instruments), desk, BatchJournal(writer, wire_prefix="t")), writer


def entries(session, writer):
    finish(session.journal.flush())
    return [record for record in writer.records if record.type != "CandlesSkipped"]


def kinds(session, writer):
    return [record.type for record in entries(session, writer)]


def test_an_order_is_sent_under_the_id_of_its_record():
    desk = Desk()
    session, writer = begun(desk)
    finish(session.market(candles([NEITHER_AT, LONG_AT])))
    requested = [r for r in entries(session, writer) if r.type == "OrderRequested"]
    assert desk.sent == [(number, f"t-{r.seq}") for number, r in enumerate(requested, 1)]
    assert len(desk.sent) == 3


@settings(max_examples=30)
@given(setups(markets=2, strategies_of=2))
def test_whatever_happens_every_order_has_the_id_of_its_own_record(setup):
    """The ids that a real venue was given, against the log."""
    ran = stepped(setup)
    seqs = {e.order: r.seq for r, e in zip(ran.records, ran.entries, strict=True) if isinstance(e, OrderRequested)}
    for name, number in ran.venue._state.names.items():
        assert name == f"t-{seqs[number]}"
    canceled = {e.order for e in of_type(CancelRequested, ran.entries)}
    ended = {e.order for e in of_type(OrderCanceled, ran.entries) if e.reason == "requested"}
    assert ended <= canceled


def test_a_cancel_names_the_id_under_which_its_order_was_sent():
    """A flip to flat before the fill: entry and guards go, each by its own name, in the order of their requests."""
    desk = Desk()
    session, _ = begun(desk)
    finish(session.market(candles([LONG_AT, FLAT_AT])))
    assert desk.canceled == desk.sent
    assert [number for number, _ in desk.canceled] == [1, 2, 3]


def test_a_replacement_is_sent_and_canceled_under_its_own_id():
    desk = Desk()
    session, _ = begun(desk, strategy(OBEY, entry=Entry("limit", Decimal("0.01"))))
    finish(session.market(candles([LONG_AT])))
    finish(session.message(AmendOrder(0, 1, 1, None, None, Decimal("0.5"), "me")))
    desk.waiting = [OrderCanceled(0, 1, 1, "replaced")]
    finish(session.message(CancelOrder(0, 1, 2, "me")))
    assert [number for number, _ in desk.sent] == [1, 2]
    assert desk.canceled == [desk.sent[1]]
    assert list(session.kernel.state.orders) == [2]


@pytest.mark.parametrize(
    ("answer", "kind", "field_of", "state"),
    [
        (Accepted("v"), OrderAccepted, {"venue_order_id": "v"}, OrderState.OPEN),
        (Rejected("price_too_low"), OrderRejected, {"code": "price_too_low"}, OrderState.REJECTED),
        (NotSent("no route"), OrderRejected, {"code": "not_sent"}, OrderState.REJECTED),
        (Unknown("timeout"), OrderUnknown, {"reason": "timeout"}, OrderState.UNKNOWN),
    ],
)
def test_every_answer_becomes_a_report_behind_its_request(answer, kind, field_of, state):
    session, writer = begun(Desk(lambda request: answer), strategy(OBEY))
    finish(session.market(candles([LONG_AT])))
    assert kinds(session, writer) == ["DecisionMade", "OrderRequested", kind.__name__]
    kernel = session.kernel.state
    assert (kernel.orders.get(1) or kernel.ended[1]).state is state
    said = sessions._answer(answer, OrderRequested(7, "s", "BTC/USDT", 1, 1, "buy", "market", Decimal(1)), 5)
    assert (said.ts, said.after, said.order) == (7, 5, 1)
    assert {name: getattr(said, name) for name in field_of} == field_of


def test_an_order_without_an_answer_counts_as_live_until_the_venue_tells():
    """It is not sent again, and what is wanted next waits for it; a late fill is booked."""
    desk = Desk(lambda request: Unknown("timeout"))
    session, writer = begun(desk, strategy(OBEY))
    finish(session.market(candles([LONG_AT, LONG_AT, LONG_AT])))
    assert len(desk.sent) == 1
    fill = OrderFilled(3 * MINUTE, 3, 1, "x", Decimal(500), Decimal(1), Decimal(0), "USDT")
    finish(session.message(fill))
    assert session.kernel.state.books["tested"].positions["BTC/USDT"].quantity == 1
    assert kinds(session, writer)[-2:] == ["PositionChanged", "EquityMarked"]


def test_a_cancel_without_an_answer_is_a_report_and_one_that_came_too_late_is_none():
    """The venue's word on an order that is gone is its fill or its end, which comes by itself."""
    for said, told in ((Unknown("timeout"), ["OrderUnknown"]), (Gone(), []), (Done(), [])):
        session, writer = begun(Desk(on_cancel=lambda number, said=said: said), strategy(OBEY))
        finish(session.market(candles([LONG_AT, FLAT_AT])))
        assert kinds(session, writer)[3:] == ["DecisionMade", "CancelRequested", *told]
    (order,) = session.kernel.state.orders.values()
    assert order.state is OrderState.CANCELING


def test_what_a_report_requests_is_sent_before_what_comes_next():
    """Two fills of one entry while a flatten is in force: what was filled late is closed at once, in the same turn."""
    desk = Desk()
    session, writer = begun(desk, strategy(OBEY, quantity="2"))
    finish(session.market(candles([LONG_AT])))
    desk.waiting = [OrderFilled(MINUTE, 1, 1, "x", Decimal(500), Decimal(1), Decimal(0), "USDT")]
    finish(session.message(SetTradingState(MINUTE, 1, "halted", "", flatten=True, actor="me")))
    told = kinds(session, writer)
    assert told[told.index("TradingStateChanged") :] == [
        "TradingStateChanged", "CancelRequested", "OrderFilled", "PositionChanged", "EquityMarked", "OrderRequested",
        "OrderAccepted",
    ]  # fmt: skip
    assert [number for number, _ in desk.sent] == [1, 2]


def test_ids_are_forgotten_of_ended_orders_alone():
    """One order rests from the beginning; thousands come and go; then it is canceled by its name."""

    def answer(request):
        if request.order != 1:
            filled = OrderFilled(request.ts, 0, request.order, "x", Decimal(500), request.quantity, Decimal(0), "USDT")
            desk.waiting.append(filled)
        return Accepted(f"v{request.order}")

    desk = Desk(answer)
    patient = strategy(OBEY, name="patient", entry=Entry("limit", Decimal("0.1")), symbols=("ETH/USDT",))
    session, _ = begun(desk, (patient, strategy(OBEY, name="busy", symbols=("BTC/USDT",))), BTC, ETH)
    finish(session.market(candles([LONG_AT], of=ETH)))
    finish(session.market(candles([LONG_AT, FLAT_AT] * 2_100)))
    finish(session.market(candles([FLAT_AT], of=ETH, start=MINUTE)))
    assert len(desk.sent) == 4_201
    assert desk.canceled == desk.sent[:1]
    kept = session.sent
    assert len(kept) < 4_096
    assert kept.items() <= dict(desk.sent).items()


def test_what_is_pending_is_appended_by_a_flush():
    session, writer = begun(Desk())
    finish(session.market(candles([LONG_AT])))
    assert writer.records == []
    finish(session.journal.flush())
    assert [record.seq for record in writer.records] == list(range(1, len(writer.records) + 1))

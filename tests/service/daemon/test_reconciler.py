"""The reconciler: silent while log and venue agree, whatever is run; it names differences, and resolves the unknown."""

import asyncio
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from kernel.brackets import Entry, Exits
from kernel.errors import Unreconciled
from kernel.messages import CancelAllOrders, OrderUnknown, SetTradingState
from kernel.orders import OrderState
from service.daemon.reconciler import check_reconciled, differences, resolve_unknown
from service.loop import run
from tests.kernel.given import LONG_AT, NEITHER_AT, OBEY, candles, of_type, strategy
from tests.service.both_ways import Setup
from tests.service.daemon.effort import examples
from tests.service.daemon.lives import Desk, Life
from tests.service.daemon.memory_log import MemoryLog
from tests.service.drawn_setups import detailed, setups
from venues.venue import AbsentNow, Unknown

PATIENT = strategy(OBEY, entry=Entry("limit", offset=Decimal("0.02")), exits=Exits(stop_loss=Decimal("0.1")))
RESTING = Setup(PATIENT, [candles([LONG_AT] + [NEITHER_AT] * 3)])
BOUGHT = Setup(strategy(OBEY), [candles([LONG_AT, NEITHER_AT, NEITHER_AT])])
REDUCE = SetTradingState(0, 0, "reducing", "", flatten=False, actor="someone", key="reduce")
FLATTEN = SetTradingState(0, 0, "halted", "", flatten=True, actor="someone", key="flatten")
CANCEL = CancelAllOrders(0, 0, "", "", "someone", "cancel")


@examples(40)
@given(
    st.one_of(setups(markets=2, strategies_of=2), setups(markets=3, kinds=("rotation",)), detailed()),
    st.dictionaries(st.integers(0, 60), st.sampled_from([REDUCE, FLATTEN, CANCEL]), max_size=2),
)
def test_between_turns_log_and_venue_never_differ(setup, commands):
    commands = {place: [replace(command, key=f"k{place}")] for place, command in commands.items()}
    run(Life(setup, look=True, commands=commands).live(MemoryLog()))


def after(setup, tamper):
    """What the reconciler says when a stream has ended, and something was done to its venue."""

    async def said():
        engine = await Life(setup).live(MemoryLog())
        assert await differences(engine.session) == []
        await check_reconciled(engine.session)
        tamper(engine)
        found = await differences(engine.session)
        if found:
            with pytest.raises(Unreconciled) as failed:
                await check_reconciled(engine.session)
            assert all(difference in str(failed.value) for difference in found)
        return found

    return run(said())


def test_what_is_not_on_the_account_is_named():
    def take(engine):
        engine.venue._state.balances["BTC"] = Decimal("0.5")
        engine.venue._state.balances["DOGE"] = Decimal(7)

    assert after(BOUGHT, take) == [
        "BTC is 1 in the log and 0.5 at the venue",
        "DOGE is 0 in the log and 7 at the venue",
    ]


def test_an_asset_of_nothing_is_no_difference():
    assert after(BOUGHT, lambda engine: engine.venue._state.balances.update(DOGE=Decimal(0))) == []


def test_an_order_that_is_gone_is_named():
    def end(engine):
        run_now(engine.venue.cancel(engine.session.sent[1]))

    assert after(RESTING, end)[0].endswith("is live in the log and not open at the venue")


def test_an_order_that_nobody_knows_is_named():
    def forget(engine):
        for number in list(engine.kernel.state.orders):
            del engine.kernel.state.orders[number]

    found = after(RESTING, forget)
    assert len(found) == 2
    assert all(said.endswith("is open at the venue and not live in the log") for said in found)


def run_now(coroutine):
    """Its result; the simulated venue waits for nothing, but where it pauses."""
    while True:
        try:
            coroutine.send(None)
        except StopIteration as done:
            return done.value


class Doubtful(Desk):
    """What it is sent arrives, or gets lost on the way; in either case no usable answer comes back.

    `fates` are those of the orders in turn: "answered", "arrives" or "lost"; `absent` how often it does not know yet.
    """

    fates = ()
    cancels = ("answered",)
    absent = 0

    async def submit(self, request, client_order_id):
        fate = self.fates[(request.order - 1) % len(self.fates)]
        if fate == "lost":
            self.log.sent[request.order] = client_order_id
            return Unknown("timeout")
        outcome = await super().submit(request, client_order_id)
        return outcome if fate == "answered" else Unknown("timeout")

    async def cancel(self, client_order_id):
        fate = self.cancels[len(client_order_id) % len(self.cancels)]
        if fate == "lost":
            return Unknown("timeout")
        outcome = await super().cancel(client_order_id)
        return outcome if fate == "answered" else Unknown("timeout")

    async def query(self, client_order_id):
        if self.absent:
            self.absent -= 1
            return AbsentNow()
        return await super().query(client_order_id)


def doubtful(setup, fates, *, absent=0, cancels=("answered",), every=1):
    """An engine behind the market, with such a venue, its log, and how many orders stayed unknown each time.

    What is unknown is asked after between turns: behind `every` so many messages, and in the end.
    """

    async def lived():
        log = MemoryLog()
        engine = Life(setup).engine(await log.open("test"), log)
        venue = engine.venue
        venue.__class__, venue.fates, venue.absent, venue.cancels = Doubtful, fates, absent, cancels
        writing = asyncio.create_task(engine.journal.write())
        await engine.recover(log)
        left = []
        for number, message in enumerate(setup.stream, 1):
            await engine.session.market([message])
            if number % every == 0 or number == len(setup.stream):
                await engine.session.settle()
                left.append(await resolve_unknown(engine.session))
                assert await differences(engine.session) == []
        for _ in range(0 if absent else 20):  # what is found out may make requests, which may get no answer either
            await resolve_unknown(engine.session)
        await engine.journal.all_durable()
        writing.cancel()
        return engine, log, left

    return run(lived())


def test_an_order_that_arrived_is_found():
    engine, log, left = doubtful(BOUGHT, ["arrives"])
    assert [type(e).__name__ for e in log.entries if "Order" in type(e).__name__] == [
        "OrderRequested", "OrderUnknown", "OrderAccepted", "OrderFilled",
    ]  # fmt: skip
    assert set(left) == {0}
    assert engine.kernel.state.balances["BTC"] == Decimal(1)


def test_an_order_that_got_lost_is_over_and_not_sent_again():
    engine, log, left = doubtful(BOUGHT, ["lost"])
    assert [type(e).__name__ for e in log.entries if "Order" in type(e).__name__] == [
        "OrderRequested", "OrderUnknown", "OrderRejected",
    ]  # fmt: skip
    assert of_type(OrderUnknown, log.entries)[0].reason == "timeout"
    assert not engine.kernel.state.orders


def test_as_long_as_it_may_arrive_it_stays_unknown():
    engine, _, left = doubtful(BOUGHT, ["lost"], absent=2)
    assert left == [1, 1, 0]
    assert not engine.kernel.state.orders
    engine, _, left = doubtful(BOUGHT, ["lost"], absent=9)
    assert left == [1, 1, 1]
    assert [order.state for order in engine.kernel.state.orders.values()] == [OrderState.UNKNOWN]


fates_of = st.lists(st.sampled_from(["answered", "arrives", "lost"]), min_size=1, max_size=5)


@examples(40)
@given(setups(markets=2, strategies_of=2), fates_of, fates_of, st.integers(1, 7))
def test_whatever_gets_no_answer_nothing_stays_unknown_or_different(setup, fates, cancels, every):
    """Submissions and cancels; fills and ends may come before anybody has asked what became of an order."""
    engine, log, left = doubtful(setup, fates, cancels=cancels, every=every)
    assert set(left) == {0}
    assert not any(order.state is OrderState.UNKNOWN for order in engine.kernel.state.orders.values())


def test_one_that_is_unknown_may_be_at_the_venue_or_not():
    """Asked and not known yet, while the account shows them open: no difference, which would halt all trading."""
    _, _, left = doubtful(RESTING, ["arrives"], absent=99)
    assert left == [2, 2, 2, 2]

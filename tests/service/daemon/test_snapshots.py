"""A snapshot is all of a memory: who begins at one goes on as who never stopped; one in doubt is not used."""

import asyncio
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from kernel.brackets import Entry, Exits
from kernel.errors import DatabaseUnavailable
from kernel.messages import CancelAllOrders, SetTradingState
from kernel.notes import CandleGap
from service.daemon.reconciler import differences
from service.loop import run
from tests.kernel.given import LONG_AT, NEITHER_AT, OBEY, candles, strategy
from tests.service.both_ways import Setup
from tests.service.daemon.effort import examples
from tests.service.daemon.lives import Life
from tests.service.daemon.memory_log import MemoryLog, MemorySnapshots
from tests.service.daemon.undisturbed import assert_undisturbed
from tests.service.drawn_setups import setups

PATIENT = strategy(OBEY, entry=Entry("limit", offset=Decimal("0.02")), exits=Exits(stop_loss=Decimal("0.1")))
RESTING = Setup(PATIENT, [candles([LONG_AT] + [NEITHER_AT] * 9)])
HALT = SetTradingState(0, 0, "halted", "", flatten=False, actor="someone", key="halt")
CANCEL = CancelAllOrders(0, 0, "", "", "someone", "cancel")


async def recovered(life, log, snapshots):
    if snapshots is not None:
        snapshots.log = log
    engine = life.engine(await log.open("test"), log, snapshots)
    writing = asyncio.create_task(engine.journal.write())
    try:
        await engine.recover(log)
        if engine.trader.amid:
            await engine.session.settle()
        assert await differences(engine.session) == []
    finally:
        writing.cancel()
    return engine


def memory(engine):
    session, domain = engine.session, engine.domain
    live = {number: name for number, name in session.sent.items() if number in session.kernel.state.orders}
    tally = engine.journal.tally
    return (
        engine.kernel.fingerprint(), engine.venue._state, live, tally.counts, tally.skips,
        engine.keys.snapshot(), domain.snapshot(), engine.journal.next_seq,
    )  # fmt: skip


@examples(25)
@given(setups(markets=2, strategies_of=2), st.integers(0, 60), st.integers(0, 60), st.integers(0, 10_000))
def test_from_a_snapshot_all_is_remembered(setup, place, command, cut):
    """Recovery from a snapshot, and recovery from the first record, at the same place of the same log."""
    log, snapshots = MemoryLog(), MemorySnapshots()
    run(
        Life(setup, keep={place}, commands={command: [HALT, replace(HALT, state="active", key="on")]}).live(
            log, snapshots
        )
    )
    if not snapshots.kept:
        return
    first = next(n for n, group in enumerate(log.groups) if group[-1].seq >= snapshots.kept[0].seq)
    groups = first + 1 + cut % (len(log.groups) - first)
    by_snapshot = run(recovered(Life(setup), log.cut(groups), snapshots))
    from_the_first = run(recovered(Life(setup), log.cut(groups), None))
    assert by_snapshot.kept_seq == snapshots.kept[0].seq
    assert memory(by_snapshot) == memory(from_the_first)


def kept(place=3, **more):
    """A life in which an order rests all the time, and a snapshot of it."""
    log, snapshots = MemoryLog(), MemorySnapshots()
    run(Life(RESTING, keep={place}, **more).live(log, snapshots))
    (snapshot,) = snapshots.kept
    cut = next(number for number, group in enumerate(log.groups, 1) if group[-1].seq >= snapshot.seq)
    return log.cut(cut), snapshots


def test_what_was_sent_before_it_can_be_canceled_after_it():
    log, snapshots = kept()
    run(Life(RESTING, commands={6: [CANCEL]}).live(log, snapshots))
    assert snapshots.used
    assert [record.type for record in log.all].count("OrderCanceled") == 2
    assert_undisturbed(RESTING, log)


def test_a_command_before_it_is_known_after_it():
    log, snapshots = kept(commands={2: [HALT]})
    life = Life(RESTING, commands={2: [HALT]})
    run(life.live(log, snapshots))
    assert snapshots.used
    seq = next(record.seq for record in log.all if record.type == "SetTradingState")
    assert {(answer.seq, answer.repeated) for _, answer in life.answers} == {(seq, True)}
    assert_undisturbed(RESTING, log)


@pytest.mark.parametrize("what", ["fingerprint", "code_version", "hash"])
def test_one_that_is_in_doubt_is_not_used(what):
    log, snapshots = kept()
    other = {"fingerprint": "0" * 64, "code_version": "other", "hash": bytes(32)}[what]
    snapshots.kept = [replace(snapshots.kept[0], **{what: other})]
    engine = run(recovered(Life(RESTING), log, snapshots))
    assert engine.kept_seq == 0
    run(Life(RESTING).live(log, snapshots))
    assert_undisturbed(RESTING, log)


def test_of_two_the_newest_that_can_be_believed_is_used():
    log, snapshots = MemoryLog(), MemorySnapshots()
    run(Life(RESTING, keep={3, 6}).live(log, snapshots))
    older, newer = snapshots.kept
    assert run(recovered(Life(RESTING), log.cut(len(log.groups)), snapshots)).kept_seq == newer.seq
    snapshots.kept = [older, replace(newer, fingerprint="0" * 64)]
    assert run(recovered(Life(RESTING), log.cut(len(log.groups)), snapshots)).kept_seq == older.seq


def test_where_none_can_be_kept_the_daemon_goes_on():
    class Away(MemorySnapshots):
        async def keep(self, stream, snapshot):
            raise DatabaseUnavailable("the database is away", fix="wait")

    log = MemoryLog()
    engine = run(Life(RESTING, keep={3}).live(log, Away()))
    assert engine.kept_seq == 0
    assert_undisturbed(RESTING, log)


def test_notes_are_kept_out_of_the_kernels_memory():
    """A note more moves nothing that a snapshot holds of kernel and venue."""

    async def states():
        log = MemoryLog()
        engine = Life(RESTING).engine(await log.open("test"), log)
        parts = [asyncio.create_task(part) for part in (engine.journal.write(), engine.trader.run())]
        await engine.recover(log)
        before = engine.kernel.fingerprint(), engine.venue.snapshot()
        await engine.trader.inbox.asked(lambda: engine.trader.note(CandleGap(0, 0, "BTC/USDT", 0, 0)))
        for part in parts:
            part.cancel()
        return before, (engine.kernel.fingerprint(), engine.venue.snapshot())

    before, after = run(states())
    assert before == after

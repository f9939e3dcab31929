"""The daemon's journal: whole turns, committed together, told of once and in order; and nothing is sent too early."""

import asyncio
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from kernel.errors import CheckFailed, DatabaseUnavailable, Fenced
from service.daemon import journal as journals
from service.daemon.health import Health
from service.daemon.journal import DaemonJournal
from service.log.record import decoded
from service.loop import run
from service.metrics.runtime import RuntimeMetrics
from service.session import Session
from tests.kernel.given import LONG_AT, NEITHER_AT, candles, opened
from tests.service.daemon.effort import examples
from tests.service.daemon.memory_log import MemoryLog
from tests.service.journal import entries, turns
from tests.service.test_session import Desk


def journal_on(log, *, crash=lambda _: None, health=None):
    writer = run(log.open("test"))
    metrics = RuntimeMetrics(CollectorRegistry())
    return DaemonJournal(writer, wire_prefix="t", health=health or Health(), metrics=metrics, crash=crash)


async def writing(journal, work):
    """`work` beside the log writer. Errors: the writer's, too."""
    writer, working = asyncio.create_task(journal.write()), asyncio.create_task(work)
    done, waiting = await asyncio.wait({writer, working}, return_when=asyncio.FIRST_COMPLETED)
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    for task in done:
        task.result()


class Gate:
    """A log whose appends wait until it is opened; `tried` are the records of every attempt, `away` how many fail."""

    def __init__(self, log, *, away=0):
        self.open = asyncio.Event()
        self.tried, self.away = [], away
        self._writer = run(log.open("test"))
        self.epoch = self._writer.epoch

    @property
    def head(self):
        return self._writer.head

    async def append(self, records):
        self.tried.append(list(records))
        await self.open.wait()
        await asyncio.sleep(0)
        if len(self.tried) <= self.away:
            raise DatabaseUnavailable("the database is away", fix="wait")
        await self._writer.append(records)


def gated(log, **more):
    gate, health = Gate(log, **more), Health()
    metrics = RuntimeMetrics(CollectorRegistry())
    return gate, health, DaemonJournal(gate, wire_prefix="t", health=health, metrics=metrics)


async def idle(times=20):
    for _ in range(times):
        await asyncio.sleep(0)


def test_no_order_goes_out_before_its_record_is_there():
    gate, _, journal = gated(log := MemoryLog())
    desk = Desk()
    session = Session(opened(), desk, journal)

    async def work():
        trading = asyncio.create_task(session.market(candles([NEITHER_AT, LONG_AT])))
        await idle()
        assert [record.type for record in gate.tried[0]][-2:] == ["DecisionMade", "OrderRequested"]
        assert desk.sent == []
        gate.open.set()
        await trading
        seq = next(record.seq for record in log.all if record.type == "OrderRequested")
        assert desk.sent == [(1, f"t-1-{seq}")]

    run(writing(journal, work()))


def test_what_waits_is_one_append():
    gate, _, journal = gated(log := MemoryLog())

    async def work():
        for turn in turns(10):
            journal.pending.extend(turn)
            await journal.turned()
            await idle(2)
        gate.open.set()
        await journal.all_durable()

    run(writing(journal, work()))
    first, *rest = turns(10)
    assert log.entries == [entry for turn in (first, *rest) for entry in turn]
    assert [len(group) for group in log.groups] == [len(first), sum(map(len, rest))]


@examples(40)
@given(st.integers(1, 30), st.integers(0, 9), st.integers(0, 4), st.lists(st.integers(0, 3), min_size=1))
def test_turns_are_never_parted_and_everybody_is_told_once(orders, seed, slow, rests):
    log = MemoryLog(slow=slow)
    journal, folded, heard = journal_on(log), [], []
    journal.folds.append(lambda first, told: folded.extend(enumerate(told, first)))
    journal.listeners.append(lambda first, told: heard.extend(enumerate(told, first)))
    ends = []

    async def work():
        for number, turn in enumerate(turns(orders, seed)):
            journal.pending.extend(turn)
            ends.append(journal.next_seq - 1)
            await journal.turned()
            await idle(rests[number % len(rests)])
            assert heard == folded == list(enumerate(log.entries, 1))
        await journal.all_durable()

    run(writing(journal, work()))
    assert log.entries == entries(orders, seed)
    assert {group[-1].seq for group in log.groups} <= set(ends)
    assert heard == folded == list(enumerate(log.entries, 1))
    assert journal.head.seq == len(log.all) == journal.tally.counts.total()


def test_the_kernel_waits_where_the_writer_is_far_behind():
    gate, _, journal = gated(MemoryLog())
    done = []

    async def work():
        async def trade():
            for turn in turns(40):
                journal.pending.extend(turn)
                await journal.turned()
                done.append(turn)

        trading = asyncio.create_task(trade())
        await idle(100)
        longest = max(map(len, turns(40)))
        assert 0 < len(done) < 40
        assert len(journal.pending) <= 20 + longest
        gate.open.set()
        await trading

    with patch.object(journals, "PENDING_MAX", 20):
        run(writing(journal, work()))
    assert len(done) == len(turns(40))


def test_a_lost_database_is_waited_for_with_the_same_bytes():
    gate, health, journal = gated(log := MemoryLog(), away=3)
    gate.open.set()

    async def work():
        journal.pending.extend(turns(1)[0])
        await journal.turned()
        while len(gate.tried) < 3:  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0)
        journal.pending.extend(turns(1)[1])  # what comes meanwhile is a commit of its own
        await journal.turned()
        assert log.all == []
        assert health.problems["database"] == "the database is away: no turns until it is back"
        await journal.all_durable()
        assert "database" not in health.problems

    run(writing(journal, work()))
    assert gate.tried[0] == gate.tried[1] == gate.tried[2] == gate.tried[3] == log.groups[0]
    assert [len(group) for group in log.groups] == [len(turn) for turn in turns(1)[:2]]


def test_a_slow_commit_is_told_while_it_lasts():
    gate, health, journal = gated(MemoryLog())

    async def work():
        journal.pending.extend(turns(1)[0])
        await journal.turned()
        await asyncio.sleep(0.05)
        assert "a commit takes more than" in health.problems["database"]
        gate.open.set()
        await journal.all_durable()
        assert "database" not in health.problems

    with patch.object(journals, "_LATE_S", 0.01):
        run(writing(journal, work()))


def test_a_fenced_writer_ends_it_and_nothing_that_waited_is_let_go():
    log = MemoryLog()
    journal = journal_on(log)
    run(log.open("test"))
    past = []

    async def work():
        journal.pending.extend(turns(1)[0])
        await journal.all_durable()
        past.append("durable")

    with pytest.raises(Fenced):
        run(writing(journal, work()))
    assert past == []
    assert log.all == []


def test_points_are_reached_in_the_order_of_a_turn():
    points = []
    journal = journal_on(MemoryLog(), crash=points.append)
    session = Session(opened(), Desk(), journal)
    run(writing(journal, session.market(candles([LONG_AT]))))
    assert points[:5] == ["before_append", "after_commit", "before_dispatch", "in_dispatch", "after_dispatch"]


def again(records, made, written=()):
    """What a journal does that expects `records`, and is given `made`; `written` is what it must append then."""
    log = MemoryLog([records] if records else [], epoch=1)
    journal, folded, heard = journal_on(log), [], []
    journal.folds.append(lambda first, told: folded.extend(enumerate(told, first)))
    journal.listeners.append(lambda first, told: heard.extend(enumerate(told, first)))

    async def work():
        journal.begin_at(0)
        journal.expect(records)
        for turn in made:
            journal.pending.extend(turn)
            await journal.turned()
        await journal.all_durable()

    run(writing(journal, work()))
    return log, folded, heard


@examples(40)
@given(st.integers(1, 8), st.integers(0, 9), st.integers(0, 200))
def test_what_is_recorded_is_made_again_and_the_rest_appended(orders, seed, cut):
    """Wherever the log ends, amid a turn too: what is made beyond its end is new."""
    made = turns(orders, seed)
    log = MemoryLog(epoch=0)
    written = journal_on(log)

    async def write():
        written.pending.extend(entries(orders, seed))
        await written.all_durable()

    run(writing(written, write()))
    records = log.all[: cut % (len(log.all) + 1)]
    after, folded, heard = again(records, made)
    assert after.entries == entries(orders, seed)
    assert [record.epoch for record in after.all] == [1] * len(records) + [2] * (len(after.all) - len(records))
    assert folded == list(enumerate(after.entries, 1))
    assert heard == folded[len(records) :]


def test_the_first_difference_is_named():
    recorded, made = entries(3, 1), turns(3, 2)
    log = MemoryLog()
    writer = journal_on(log)

    async def write():
        writer.pending.extend(recorded)
        await writer.all_durable()

    run(writing(writer, write()))
    other = [entry for turn in made for entry in turn]
    first = next(place for place, (a, b) in enumerate(zip(recorded, other, strict=False), 1) if a != b)
    with pytest.raises(CheckFailed, match=f"record {first} does not come out again") as failed:
        again(log.all, made)
    assert decoded(log.all[first - 1]).__class__.__name__ in str(failed.value)
    assert log.entries == recorded


@examples(30)
@given(st.lists(st.integers(1, 6), min_size=1, max_size=6), st.integers(1, 3))
def test_a_request_keeps_the_wire_id_of_its_own_epoch(sizes, orders):
    """Records of several epochs, read in any batches: the id of each is of the epoch that wrote it."""
    log, place, every = MemoryLog(), 0, entries(orders)
    for size in sizes:
        writer = journal_on(log)

        async def write(part=every[place : place + size], writer=writer):
            writer.pending.extend(part)
            await writer.all_durable()

        run(writing(writer, write()))
        place += size
    last = journal_on(log)
    last.begin_at(0)
    for batch in log.groups:
        last.expect(batch)
    for record in log.all:
        assert last.wire_id(record.seq) == f"t-{record.epoch}-{record.seq}"
    assert last.wire_id(len(log.all) + 1) == f"t-{log.epoch}-{len(log.all) + 1}"

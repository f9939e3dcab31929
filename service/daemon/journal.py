"""The daemon's journal: what waits together is committed together, and a request goes out only when it is durable.

The session puts whole turns behind `pending`; the log writer, a part of its own, takes all of them, chains them and
appends them in one transaction, while the kernel goes on with the next turns. Recovery makes the recorded turns again:
what `expect` was given must come out first, byte for byte, before anything is written.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from time import perf_counter

import msgspec

from kernel.codec import encode
from kernel.errors import CheckFailed, DatabaseUnavailable
from kernel.messages import MarketMessage
from kernel.money import pinned
from service.daemon.handle import Committed
from service.daemon.health import Health
from service.journal import Tally
from service.log.record import Chain, Head, Record
from service.log.store import LogWriter
from service.metrics.runtime import RuntimeMetrics

__all__ = ["DaemonJournal"]

_MARKET = frozenset(MarketMessage.__args__)  # come from the very records that they are compared with
PENDING_MAX = 8_192  # entries; beyond it the kernel waits for the writer
_LATE_S = 2.0  # an append that takes longer is a problem to be told of


class DaemonJournal:
    """See the module. `folds` see every durable entry, recovered ones too; `listeners` those of this process alone."""

    keeps_market = True

    def __init__(
        self,
        writer: LogWriter,
        *,
        wire_prefix: str,
        health: Health,
        metrics: RuntimeMetrics,
        crash: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.pending: list[msgspec.Struct] = []
        self.tally = Tally()
        self.folds: list[Committed] = [lambda _, entries: self.tally.add(entries)]
        self.listeners: list[Committed] = []
        self.appending = False
        self._asked_at = 0.0
        self.arrived = 0.0  # when what is turned now came from the feed, by perf_counter
        self._writer = writer
        self._chain = Chain(epoch=writer.epoch, head=writer.head)
        self._wire_prefix = wire_prefix
        self._health = health
        self._metrics = metrics
        self._crash = crash
        self._expected: deque[Record] = deque()
        self._settled = writer.head.seq  # of the last entry that is chained, or came out as it was recorded
        self._epochs = [(writer.head.seq + 1, writer.epoch)]
        self._work = asyncio.Event()
        self._waiting: list[tuple[int, asyncio.Future[None]]] = []

    @property
    def head(self) -> Head:
        """The end of what is durable."""
        return self._writer.head

    @property
    def next_seq(self) -> int:
        """See Journal."""
        return self._settled + len(self.pending) + 1

    @property
    def rehearsing(self) -> bool:
        """Whether recorded entries are still to be made again."""
        return bool(self._expected)

    def begin_at(self, seq: int) -> None:
        """The next entry is the one of record `seq` + 1, which was recorded: the place where recovery begins."""
        self._settled = seq

    def expect(self, records: Sequence[Record]) -> None:
        """These records, in order behind those expected before, must be made again before anything new."""
        for record in records:
            if len(self._epochs) == 1 or self._epochs[-2][1] != record.epoch:
                self._epochs.insert(-1, (record.seq, record.epoch))
        self._expected.extend(records)

    def wire_id(self, seq: int) -> str:
        """See Journal."""
        epoch = next(epoch for first, epoch in reversed(self._epochs) if first <= seq)
        return f"{self._wire_prefix}-{epoch}-{seq}"

    async def durable(self, seq: int) -> None:
        """See Journal. A lost database is waited for."""
        self._rehearse()
        if seq > self.head.seq:
            self._work.set()
            done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append((seq, done))
            await done

    async def all_durable(self) -> None:
        """Everything so far is durable."""
        await self.durable(self.next_seq - 1)

    async def turned(self) -> None:
        """See Journal: the writer is told, and waited for where the kernel is far ahead."""
        self._rehearse()
        if self.pending:
            self._work.set()
            self._metrics.queue_depth.labels("journal").set(len(self.pending))
            if len(self.pending) > PENDING_MAX:
                await self.all_durable()

    def reached(self, point: str) -> None:
        """See Journal."""
        self._crash(point)
        if point == "before_dispatch":
            self._asked_at = perf_counter()
        elif point == "in_dispatch" and not self._expected:
            now = perf_counter()
            self._metrics.dispatch_s.observe(now - self._asked_at)
            self._metrics.candle_to_order_s.observe(now - self.arrived)

    async def write(self) -> None:
        """The log writer: for ever, all that is pending in one transaction. Errors: Fenced, LogCorrupt."""
        while True:
            await self._work.wait()
            self._work.clear()
            while self.pending:
                entries = self.pending[:]
                self.pending.clear()
                records = self._chain.extend(entries)
                self._settled = records[-1].seq
                self.reached("before_append")
                await self._append(records)
                self._settle(entries, records[0].seq)

    def _rehearse(self) -> None:
        """Compare what was made again with what is recorded. Errors: CheckFailed naming the first difference."""
        pending, expected = self.pending, self._expected
        count = min(len(pending), len(expected))
        if not count:
            return
        made = pending[:count]
        with pinned():
            for entry in made:
                record = expected.popleft()
                kind = entry.__class__
                if kind.__name__ != record.type or (kind not in _MARKET and encode(entry) != record.payload):
                    raise _differs(record, entry)
        del pending[:count]
        self._settled += count
        for fold in self.folds:
            fold(self._settled - count + 1, made)

    async def _append(self, records: Sequence[Record]) -> None:
        """Append, however long the database is away: the same bytes, until it is known that they are there."""
        late = asyncio.get_running_loop().call_later(
            _LATE_S,
            self._health.say,
            "database",
            f"a commit takes more than {_LATE_S:.0f} s: nothing is sent meanwhile",
        )
        started, self.appending = perf_counter(), True
        try:
            while True:
                try:
                    await self._writer.append(records)
                    break
                except DatabaseUnavailable as error:
                    self._health.say("database", f"{error}: no turns until it is back")
        finally:
            late.cancel()
            self.appending = False
        self._health.say("database")
        self._metrics.commit_s.observe(perf_counter() - started)
        self._metrics.commit_records.observe(len(records))
        self._metrics.head_seq.set(records[-1].seq)
        self._metrics.queue_depth.labels("journal").set(len(self.pending))

    def _settle(self, entries: Sequence[msgspec.Struct], first_seq: int) -> None:
        """Entries are durable: tell those who wait for that, and those who look on."""
        self.reached("after_commit")
        for told in (*self.folds, *self.listeners):
            told(first_seq, entries)
        durable = self.head.seq
        for last, done in self._waiting:
            if last <= durable and not done.done():
                done.set_result(None)
        self._waiting = [(last, done) for last, done in self._waiting if last > durable]


def _differs(record: Record, entry: msgspec.Struct) -> CheckFailed:
    with pinned():
        made = encode(entry).decode()
    return CheckFailed(
        f"record {record.seq} does not come out again: recorded is {record.payload.decode(errors='replace')}, "
        f"and now {made} was made",
        fix="start the candled that wrote it; or let this stream end, and start another with this one",
    )

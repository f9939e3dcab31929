"""A home of logs, and one of snapshots, in memory: appends in groups, as many as the journal made, to be cut at any."""

from asyncio import sleep
from collections.abc import Sequence

from kernel.errors import Fenced
from service.log.record import GENESIS, Head, Record, decoded
from service.log.snapshots import Snapshot, Unusable
from service.log.stream import check_continues


class MemoryLog:
    """`groups` are the records of each append; `sent` the wire id of every order that a venue was given.

    `slow` is how often an append lets others of the loop have their turn.
    """

    def __init__(self, groups: Sequence[Sequence[Record]] = (), *, epoch: int = 0, slow: int = 1) -> None:
        self.groups = [list(group) for group in groups]
        self.epoch = epoch
        self.slow = slow
        self.sent: dict[int, str] = {}

    @property
    def all(self) -> list[Record]:
        return [record for group in self.groups for record in group]

    @property
    def entries(self) -> list:
        return [decoded(record) for record in self.all]

    def record(self, seq: int) -> Record:
        """Errors: IndexError where it is not durable."""
        for group in reversed(self.groups):
            if group[0].seq <= seq:
                return group[seq - group[0].seq]
        raise IndexError(seq)

    def cut(self, groups: int) -> "MemoryLog":
        """What a crash behind so many appends leaves. What was sent by then had been durable."""
        left = MemoryLog(self.groups[:groups], epoch=self.epoch, slow=self.slow)
        last = left.groups[-1][-1].seq if left.groups else 0
        left.sent = {order: name for order, name in self.sent.items() if int(name.rsplit("-", 1)[1]) <= last}
        return left

    async def open(self, stream: str) -> "MemoryWriter":
        self.epoch += 1
        return MemoryWriter(self)

    async def head(self, stream: str) -> Head:
        return Head(self.groups[-1][-1].seq, self.groups[-1][-1].hash) if self.groups else Head(0, GENESIS)

    async def records(self, stream: str, *, first: int = 1):
        for group in list(self.groups):
            if found := [record for record in group if record.seq >= first]:
                yield found

    async def streams(self) -> list[str]:
        return ["test"]

    async def close(self) -> None:
        pass


class MemoryWriter:
    """One writer of it, for as long as its epoch is the newest."""

    def __init__(self, log: MemoryLog) -> None:
        self._log = log
        self.epoch = log.epoch
        self.head = Head(log.groups[-1][-1].seq, log.groups[-1][-1].hash) if log.groups else Head(0, GENESIS)

    async def append(self, records: Sequence[Record]) -> None:
        check_continues(self.head, records)
        for _ in range(self._log.slow):
            await sleep(0)
        if self.epoch != self._log.epoch:
            raise Fenced("another writer", fix="let one process write a stream")
        self._log.groups.append(list(records))
        self.head = Head(records[-1].seq, records[-1].hash)

    async def close(self) -> None:
        pass


class MemorySnapshots:
    """The interface of service/log/snapshots.SnapshotStore, and its judgement as far as a log in memory needs it."""

    def __init__(self) -> None:
        self.kept: list[Snapshot] = []
        self.log = MemoryLog()
        self.used: list[int] = []

    async def keep(self, stream: str, snapshot: Snapshot) -> None:
        self.kept.append(snapshot)

    async def newest(self, stream: str, *, at_most_seq: int, code_version: str):
        for snapshot in sorted(self.kept, key=lambda kept: -kept.seq):
            if snapshot.seq > at_most_seq:
                yield Unusable(snapshot.seq, "after_the_log")
            elif self.log.record(snapshot.seq).hash != snapshot.hash:
                yield Unusable(snapshot.seq, "other_log")
            elif snapshot.code_version != code_version:
                yield Unusable(snapshot.seq, "other_code")
            else:
                self.used.append(snapshot.seq)
                yield snapshot

    async def prune(self, stream: str, *, keep: int = 2) -> None:
        self.kept = sorted(self.kept, key=lambda kept: kept.seq)[-keep:]

"""What runs a stream, put together: session, journal, kernel loop, and all that folds along; kept and brought back.

Recovery is here: the newest snapshot that can be believed, then everything behind it made again (recovery.py).
"""

from collections.abc import Callable
from functools import cache
from hashlib import sha256
from time import perf_counter
from typing import Any

import structlog
from msgspec.structs import replace

from kernel.errors import DatabaseUnavailable, UsageError
from kernel.kernel import Kernel
from service.code_hash import package_hash
from service.daemon import snapshots
from service.daemon.health import Health
from service.daemon.journal import DaemonJournal
from service.daemon.keys import KnownKeys
from service.daemon.plan import Plan
from service.daemon.recovery import recover
from service.daemon.trader import Trader
from service.log.record import GENESIS, Head
from service.log.snapshots import Snapshot, SnapshotStore, Unusable
from service.log.store import LogReader, LogWriter
from service.metrics.collector import DomainMetrics
from service.metrics.domain import DomainFold
from service.metrics.runtime import RuntimeMetrics
from service.session import Session

__all__ = ["Engine"]

_log = structlog.get_logger()


class Engine:
    """See the module. `restored` is the record of the snapshot that recovery began at, 0 for none."""

    def __init__(
        self,
        plan: Plan,
        writer: LogWriter,
        snapshot_store: SnapshotStore | None,
        *,
        health: Health,
        metrics: RuntimeMetrics,
        now_ns: Callable[[], int],
        crash: Callable[[str], None] = lambda _: None,
    ) -> None:
        composed = plan.prepared.composed
        self.plan = plan
        self.kernel, self.venue = composed.kernel, composed.venue
        self.keys, self.domain = KnownKeys(), DomainFold()
        self.figures = DomainMetrics(self.domain, lambda: self.kernel.state.books)
        self.journal = DaemonJournal(writer, wire_prefix=plan.run[:8], health=health, metrics=metrics, crash=crash)
        self.journal.folds += [self.keys.fold, self.figures.committed]
        self.session = Session(self.kernel, self.venue, self.journal)
        self.trader = Trader(self.session, self.journal, self.keys, metrics, now_ns=now_ns)
        self.kept_seq = 0
        self._opening = replace(composed.opening, definition=plan.run)  # also where newer code comes first
        self._snapshots = snapshot_store
        self._metrics = metrics
        self._crash = crash
        self._code = _code_version()

    async def recover(self, reader: LogReader) -> int:
        """Be where the log ends; a fresh stream is opened. Gives how many records were made again.

        Errors: LogCorrupt; CheckFailed; UsageError.
        """
        started = perf_counter()
        after = await self._restore()
        recovered = await recover(self.session, self.journal, reader, self.plan.stream, after=after)
        state = self.kernel.state
        if not state.definition:
            await self.session.message(self._opening)
            await self.journal.all_durable()
        elif state.definition != self.plan.run:
            raise UsageError(
                f"{self.plan.stream} was opened for the run {state.definition[:12]}, not {self.plan.run[:12]}",
                fix="start another stream with --stream NAME",
            )
        took = perf_counter() - started
        self._metrics.recovery_s.set(took)
        return recovered

    async def keep(self) -> None:
        """Keep a snapshot of this moment between turns; where the database refuses, there is none, and that is told.

        Only the kernel loop may call this.
        """
        await self.journal.all_durable()
        head = self.journal.head
        if head.seq == self.kept_seq or self._snapshots is None:
            return
        started = perf_counter()
        content = snapshots.take(self.session, self.venue, self.journal.tally, self.keys, self.domain)
        taken = Snapshot(head.seq, head.hash, self.kernel.fingerprint(), self._code, content)
        self._crash("in_snapshot")
        try:
            await self._snapshots.keep(self.plan.stream, taken)
            await self._snapshots.prune(self.plan.stream)
        except DatabaseUnavailable as error:
            _log.warning("no snapshot was kept", seq=head.seq, reason=str(error))
            return
        self.kept_seq = head.seq
        self._crash("after_snapshot")
        self._metrics.snapshot_s.observe(perf_counter() - started)
        self._metrics.snapshot_seq.set(head.seq)

    async def _restore(self) -> Head:
        """The newest snapshot that holds what it says; those that do not are named in the log of the program."""
        if self._snapshots is None:
            return Head(0, GENESIS)
        found = self._snapshots.newest(self.plan.stream, at_most_seq=self.journal.head.seq, code_version=self._code)
        async for candidate in found:
            if isinstance(candidate, Unusable):
                _log.warning("snapshot not used", seq=candidate.seq, reason=candidate.reason)
                continue
            memory = snapshots.read(candidate.content)
            spare = Kernel(self.kernel.blueprint)
            spare.restore(memory.kernel)
            if spare.fingerprint() != candidate.fingerprint:
                _log.warning("snapshot not used", seq=candidate.seq, reason="other_state")
                continue
            snapshots.restore(memory, self.session, self.venue, self.journal.tally, self.keys, self.domain)
            self.kept_seq = candidate.seq
            return Head(candidate.seq, candidate.hash)
        return Head(0, GENESIS)


@cache  # of the code as it was when this process began
def _code_version() -> str:
    rooms: list[Any] = [package_hash(room) for room in ("kernel", "venues", "service")]
    return sha256("".join(rooms).encode()).hexdigest()[:32]

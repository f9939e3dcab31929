"""Where a session writes: entries in order, chained, and durable when it matters.

A backtest's journal appends in batches. The simulated venue dies with the process, so nothing needs to be durable
before it is sent there. The daemon's journal (service/daemon/journal.py) makes every request durable first.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Protocol

import msgspec

from kernel.events import CandlesSkipped
from service.log.record import Chain
from service.log.store import LogWriter

__all__ = ["BatchJournal", "Journal", "Tally"]

_BATCH = 512  # records chained and appended together; 256 to 1,024 measured alike


class Tally:
    """How many records of each type were made, and how many candles ended undecided, by reason."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.skips: Counter[str] = Counter()

    def add(self, entries: Iterable[msgspec.Struct]) -> None:
        """Count entries that are, or will be, records."""
        names: list[str] = []
        for entry in entries:
            names.append(entry.__class__.__name__)
            if entry.__class__ is CandlesSkipped:
                self.skips.update(entry.counts)
        self.counts.update(names)


class Journal(Protocol):
    """What a session needs of it. `pending` are entries not yet chained; the session puts its own behind them.

    `keeps_market` says whether market messages are records too, or stay in their dataset.
    """

    pending: list[msgspec.Struct]
    keeps_market: bool

    @property
    def next_seq(self) -> int:
        """The seq of the record that is put behind `pending` next."""

    def wire_id(self, seq: int) -> str:
        """The id under which the request in record `seq` goes out: of this stream, epoch and record alone."""

    async def durable(self, seq: int) -> None:
        """Record `seq`, and all before it, are as durable as they must be before a request there is sent."""

    async def turned(self) -> None:
        """A turn was put behind `pending`: the place to write, or to wait while too much is pending."""

    def reached(self, point: str) -> None:
        """A point of the turn was reached, by name: where tests let the process die."""


class BatchJournal:
    """A backtest's: chains and appends every 512 records, and at `flush`."""

    keeps_market = False

    def __init__(self, writer: LogWriter, *, wire_prefix: str) -> None:
        self.pending: list[msgspec.Struct] = []
        self.chain = Chain(epoch=writer.epoch, head=writer.head)
        self.tally = Tally()
        self._writer = writer
        self._wire_prefix = wire_prefix

    @property
    def next_seq(self) -> int:
        """See Journal."""
        return self.chain.head.seq + len(self.pending) + 1

    def wire_id(self, seq: int) -> str:
        """See Journal."""
        return f"{self._wire_prefix}-{seq}"

    async def durable(self, seq: int) -> None:
        """See Journal: the venue is no more durable than what is pending."""

    async def turned(self) -> None:
        """See Journal."""
        if len(self.pending) >= _BATCH:
            await self.flush()

    def reached(self, point: str) -> None:
        """See Journal."""

    async def flush(self) -> None:
        """Chain what is pending and append it to the log."""
        pending = self.pending
        if pending:
            self.tally.add(pending)
            records = self.chain.extend(pending)
            pending.clear()
            await self._writer.append(records)

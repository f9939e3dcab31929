"""A home of logs, as the rest of the service sees it. One contract suite runs against both, file.py and postgres.py."""

from collections.abc import AsyncIterator, Sequence
from typing import Protocol

from service.log.record import Head, Record

__all__ = ["LogReader", "LogStore", "LogWriter"]


class LogWriter(Protocol):
    """The one writer of a stream, for as long as its epoch is the newest."""

    epoch: int
    head: Head

    async def append(self, records: Sequence[Record]) -> None:
        """Make `records` durable, all or none. They must follow `head` without a gap.

        Errors: Fenced when a newer epoch exists, LogCorrupt when seq or chain do not fit, DatabaseUnavailable.
        """

    async def close(self) -> None:
        """Everything appended is durable and readable; the lease is given back."""


class LogReader(Protocol):
    """Reads streams. A reader checks nothing: verify.py does."""

    async def head(self, stream: str) -> Head:
        """The last record's seq and hash. Errors: NotFound."""

    def records(self, stream: str, *, first: int = 1) -> AsyncIterator[Sequence[Record]]:
        """The records from seq `first` on, in batches. Errors: NotFound; LogCorrupt where bytes cannot be read."""

    async def streams(self) -> Sequence[str]:
        """The names of all streams here, sorted."""


class LogStore(LogReader, Protocol):
    """A home that can also be written to."""

    async def open(self, stream: str) -> LogWriter:
        """Become the stream's writer, with an epoch one higher than ever before; the former owner is fenced.

        The first epoch is 1. Errors: Fenced where the home does not take a lease from an owner who lives.
        """

    async def close(self) -> None:
        """Give back connections and files."""

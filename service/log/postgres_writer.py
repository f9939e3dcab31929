"""The one writer of a stream in PostgreSQL.

A batch is one transaction: its records and the projections that they move. When the connection is lost while a batch is
under way, nobody knows whether it was committed: so reconnect, see that the lease is still ours, look, and append the
same bytes if they are not there. That may go on for ever: a caller who is told `DatabaseUnavailable` appends the same
records again, and meanwhile the heartbeat keeps the lease, or finds out that it is lost.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import asyncpg
from asyncpg import Connection

from kernel.errors import DatabaseUnavailable, LogCorrupt
from service.database.connect import Database
from service.database.errors import LOST, NOT_NOW, as_ours, translated, unless_lost
from service.database.projections import projected
from service.database.rows import PROJECTED
from service.database.write import Change, write
from service.log.record import Head, Record, decoded
from service.log.stream import check_continues

__all__ = ["PostgresLogWriter"]

HEARTBEAT_S = 2.0
PERSIST_S = 10.0  # how long an append outlasts a lost server before it says so
COMMIT_S = 8.0  # a transaction, all of it; a lease that is not renewed for 10 s may be taken
RETRY_S = (0.01, 0.5)  # the first pause between tries, doubled up to the longest


class _EventRow(NamedTuple):
    stream_id: int
    seq: int
    epoch: int
    type: str
    schema_version: int
    ts: int
    payload: bytes
    prev_hash: bytes
    hash: bytes


class PostgresLogWriter:
    """Appends to one stream, and keeps its lease by a heartbeat.

    `unavailable` is why the server could not be used when it was last asked, None when it could.
    """

    def __init__(self, database: Database, connection: Connection, *, stream_id: int, epoch: int, head: Head) -> None:
        self.epoch = epoch
        self.head = head
        self.unavailable: DatabaseUnavailable | None = None
        self._database = database
        self._stream_id = stream_id
        self._connection: Connection | None = connection
        self._unsure = False  # whether the last try may have committed
        self._turn = asyncio.Lock()  # a session does one thing at a time
        self.before_commit: Callable[[], None] = lambda: None  # at the end of every transaction: tests die here
        self._heart = asyncio.create_task(self._beat(), name=f"heartbeat of stream {stream_id}")

    async def append(self, records: Sequence[Record]) -> None:
        """Commit `records`, all or none, together with the projections of what is in them.

        A lost server is waited for, `PERSIST_S` long. Errors: Fenced; LogCorrupt when the database's guard refuses;
        DatabaseUnavailable, and then nobody knows whether they were committed until the next append of the same bytes.
        """
        if not records:
            return
        check_continues(self.head, records)
        now = asyncio.get_running_loop().time
        async with self._turn:
            deadline, (pause_s, longest_s) = 0.0, RETRY_S
            while unavailable := await self._try(records):
                self.unavailable = unavailable
                deadline = deadline or now() + PERSIST_S
                if now() > deadline:
                    raise unavailable
                await asyncio.sleep(pause_s)
                pause_s = min(2 * pause_s, longest_s)
                if self._connection is not None:
                    await self._renew()  # the heartbeat waits for us
            self.unavailable = None
        self.head = Head(records[-1].seq, records[-1].hash)

    async def watch(self) -> None:
        """Return never: raise what every append will raise from now on, as soon as the heartbeat finds it out.

        Errors: Fenced; UsageError when the server lets the role in no more.
        """
        await asyncio.shield(self._heart)

    async def close(self) -> None:
        """Give the lease back. One that was lost, or whose server is gone, ends by itself."""
        self._heart.cancel()
        await asyncio.wait([self._heart])
        if not self._heart.cancelled():
            self._heart.exception()  # it was for the next append, and there is none
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            await connection.execute("SELECT candled.release_lease($1, $2)", self._stream_id, self.epoch)
            await connection.close(timeout=2.0)
        except (asyncpg.PostgresError, *LOST):
            connection.terminate()

    async def _try(self, records: Sequence[Record]) -> DatabaseUnavailable | None:
        """Commit the records; gives why it cannot be known that they are. Errors: what makes another try useless."""
        if self._heart.done() and not self._heart.cancelled():
            self._heart.result()  # its error
        try:
            connection = self._connection or await self._reconnect()
            if self._unsure and await self._landed(connection, records):
                self._unsure = False
                return None
            self._unsure = True
            async with asyncio.timeout(COMMIT_S):
                await unless_lost(connection, self._commit(connection, records))
        except DatabaseUnavailable as unavailable:
            return unavailable
        except asyncpg.UniqueViolationError as error:
            with translated():
                await self._keep_lease(connection)  # Fenced, where a newer epoch wrote there
            raise as_ours(error, seq=records[0].seq) or error from error
        except (asyncpg.PostgresError, *LOST) as error:
            if not isinstance(error, NOT_NOW):
                self._drop()
            ours = as_ours(error, seq=records[0].seq)
            if isinstance(ours, DatabaseUnavailable):
                return ours
            raise ours or error from error
        except asyncio.CancelledError:
            self._drop()  # in the middle of something
            raise
        self._unsure = False
        return None

    async def _commit(self, connection: Connection, records: Sequence[Record]) -> None:
        entries = [(record.seq, decoded(record)) for record in records if record.type in PROJECTED]
        appended = Change("events", _EventRow, self._event_rows(records))
        async with connection.transaction():
            await write(connection, [appended, *await projected(connection, self._stream_id, entries)])
            self.before_commit()

    def _event_rows(self, records: Sequence[Record]) -> list[tuple[Any, ...]]:
        stream_id, previous = self._stream_id, self.head.hash
        rows = []
        for record in records:
            rows.append((stream_id, *record[:6], previous, record.hash))
            previous = record.hash
        return rows

    async def _reconnect(self) -> Connection:
        """A new session, and the lease bound to it. Errors: Fenced, DatabaseUnavailable."""
        connection = await self._database.connect()
        try:
            with translated():
                await self._keep_lease(connection)
        except BaseException:
            connection.terminate()
            raise
        self._connection = connection
        return connection

    async def _landed(self, connection: Connection, records: Sequence[Record]) -> bool:
        """Whether a commit of unknown outcome did happen. Errors: LogCorrupt when something else is there."""
        first, last = records[0].seq, records[-1]
        there = await connection.fetch(
            "SELECT seq, hash FROM candled.events WHERE stream_id = $1 AND seq >= $2 ORDER BY seq DESC LIMIT 1",
            self._stream_id,
            first,
        )
        if not there:
            return False
        if tuple(there[0]) != (last.seq, last.hash):
            raise LogCorrupt(f"other records were appended from record {first} on, in our epoch", first_bad_seq=first)
        return True

    async def _beat(self) -> None:
        """Say every two seconds that the owner lives. Ends by an error alone, which the next append raises."""
        while True:
            await asyncio.sleep(HEARTBEAT_S)
            async with self._turn:
                self.unavailable = await self._renew()

    async def _renew(self) -> DatabaseUnavailable | None:
        """Renew the lease, over a new session where there is none; gives why that is not possible now.

        Errors: Fenced, UsageError.
        """
        try:
            if self._connection is None:
                await self._reconnect()
            else:
                with translated():
                    await self._keep_lease(self._connection)
        except DatabaseUnavailable as unavailable:
            self._drop()
            return unavailable
        return None

    async def _keep_lease(self, connection: Connection) -> None:
        await connection.execute("SELECT candled.keep_lease($1, $2)", self._stream_id, self.epoch)

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None

"""The log's home in PostgreSQL: rows of `candled.events`, guarded by the database itself.

This file is the store and its reading; postgres_writer.py appends.
"""

import os
import socket
from collections.abc import AsyncIterator, Sequence

from asyncpg import Connection

from kernel.errors import LogCorrupt, NotFound
from service.database.connect import Database
from service.database.errors import translated
from service.log.postgres_writer import PostgresLogWriter
from service.log.record import GENESIS, Head, Record
from service.log.stream import checked_name

__all__ = ["PostgresLogStore"]

_FETCH = (
    1024  # a million records took 1.65 s of CPU with the check, 2.0 s by 4,096: what is fetched stays in the caches
)
_ROWS = (
    "SELECT seq, epoch, type, schema_version, ts, payload, hash, prev_hash FROM candled.events"
    " WHERE stream_id = $1 AND seq >= $2 ORDER BY seq LIMIT $3"
)


class PostgresLogStore:
    """Streams in a database. Every reader and writer has a session of its own."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._writers: list[PostgresLogWriter] = []

    async def open(self, stream: str) -> PostgresLogWriter:
        """Become the stream's writer, with the next epoch. Errors: Fenced while its owner lives."""
        connection = await self._database.connect()
        try:
            with translated():
                stream_id, epoch = await connection.fetchrow(
                    "SELECT * FROM candled.take_lease($1, $2)",
                    checked_name(stream),
                    f"{socket.gethostname()}:{os.getpid()}",
                )
                head = await _head(connection, stream_id)
        except BaseException:
            connection.terminate()
            raise
        writer = PostgresLogWriter(self._database, connection, stream_id=stream_id, epoch=epoch, head=head)
        self._writers.append(writer)
        return writer

    async def head(self, stream: str) -> Head:
        """The last record's seq and hash. Errors: NotFound."""
        async with self._database.session() as connection:
            return await _head(connection, await _stream_id(connection, stream))

    async def records(self, stream: str, *, first: int = 1) -> AsyncIterator[Sequence[Record]]:
        """The records from seq `first` on. Errors: NotFound; LogCorrupt where a row names another predecessor."""
        async with self._database.session() as connection:
            stream_id = await _stream_id(connection, stream)
            last = Head(0, GENESIS) if first <= 1 else None
            query = await connection.prepare(_ROWS)
            new = tuple.__new__  # a NamedTuple's own constructor takes twice as long
            while rows := await query.fetch(stream_id, first, _FETCH):
                records = [new(Record, row[:7]) for row in rows]
                bad = _unlinked(records, [row[7] for row in rows], last)
                if bad is not None:
                    yield records[:bad]
                    raise LogCorrupt(
                        f"record {records[bad].seq} was altered: it names another record before it than the one there",
                        first_bad_seq=records[bad].seq,
                    )
                yield records
                last = Head(records[-1].seq, records[-1].hash)
                first = last.seq + 1

    async def streams(self) -> Sequence[str]:
        """The names of all streams here, sorted."""
        async with self._database.session() as connection:
            return [
                name for (name,) in await connection.fetch('SELECT name FROM candled.streams ORDER BY name COLLATE "C"')
            ]

    async def close(self) -> None:
        """Close the writers that are still open."""
        for writer in self._writers:
            await writer.close()


async def _stream_id(connection: Connection, stream: str) -> int:
    found: int | None = await connection.fetchval("SELECT id FROM candled.streams WHERE name = $1", stream)
    if found is None:
        raise NotFound(f"the database has no stream {stream!r}", fix="see its name in candled.streams")
    return found


async def _head(connection: Connection, stream_id: int) -> Head:
    row = await connection.fetchrow(
        "SELECT seq, hash FROM candled.events WHERE stream_id = $1 ORDER BY seq DESC LIMIT 1", stream_id
    )
    return Head(*row) if row else Head(0, GENESIS)


def _unlinked(records: Sequence[Record], links: Sequence[bytes], last: Head | None) -> int | None:
    """The place of the first record whose link is not the hash of the record before it, if that is there."""
    seq, digest = last or (-1, b"")
    if links == [digest, *(record.hash for record in records[:-1])]:
        return None
    for place, (record, link) in enumerate(zip(records, links, strict=True)):
        if link != digest and record.seq == seq + 1:
            return place
        seq, digest = record.seq, record.hash
    return None

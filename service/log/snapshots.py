"""States kept beside the log in PostgreSQL, so that recovery need not begin at the first record.

The log alone is the truth: a snapshot is believed only where the log has its record, under its hash, and it is what was
stored, by the code that runs now. What is kept is sha256(header + content) and the content, compressed; a header is

    "<seq> <record's hash, hex> <fingerprint> <code version> <schema> "
"""

from asyncio import to_thread
from collections.abc import AsyncIterator
from hashlib import sha256
from typing import Any, Final, Literal

import msgspec
import zstandard

from service.database.connect import Database
from service.log.stream import checked_name

__all__ = ["SCHEMA", "Snapshot", "SnapshotStore", "Unusable"]

SCHEMA: Final = 1  # of the envelope; what is in it changes with the code version
_ANSWER_S = 60.0  # 10 MB took 0.3 s, 100 MB 5 s on a busy machine
_LEVEL = 1  # state is floats for the most part: 7 MB became 6.2 in 0.012 s, and 6.1 in 0.03 s by level 3
_KEEP = (
    "INSERT INTO candled.snapshots (stream_id, seq, hash, fingerprint, code_version, schema, bytes)"
    " SELECT id, $2, $3, $4, $5, $6, $7 FROM candled.streams WHERE name = $1"
    " ON CONFLICT (stream_id, seq) DO UPDATE SET hash = excluded.hash, fingerprint = excluded.fingerprint,"
    " code_version = excluded.code_version, schema = excluded.schema, bytes = excluded.bytes, created_at = now()"
)
_NEXT = (
    "SELECT k.seq, k.hash, k.fingerprint, k.code_version, k.schema, k.bytes, e.hash AS recorded"
    " FROM candled.snapshots k LEFT JOIN candled.events e ON e.stream_id = k.stream_id AND e.seq = k.seq"
    " WHERE k.stream_id = (SELECT id FROM candled.streams WHERE name = $1) AND k.seq < $2 ORDER BY k.seq DESC LIMIT 1"
)
_PRUNE = (
    "DELETE FROM candled.snapshots WHERE stream_id = (SELECT id FROM candled.streams WHERE name = $1) AND seq NOT IN"
    " (SELECT k.seq FROM candled.snapshots k JOIN candled.streams s ON s.id = k.stream_id WHERE s.name = $1"
    " ORDER BY k.seq DESC LIMIT $2)"
)


class Snapshot(msgspec.Struct, frozen=True):
    """A state after record `seq`, whose hash is `hash`; `fingerprint`, hex, is the state's own, `content` the state."""

    seq: int
    hash: bytes
    fingerprint: str
    code_version: str
    content: bytes


class Unusable(msgspec.Struct, frozen=True):
    """A snapshot that is not to be used.

    Its record is not in the log (`after_the_log`), or is another one there (`other_log`); other code made it; or its
    bytes are not those that were stored (`damaged`).
    """

    seq: int
    reason: Literal["after_the_log", "other_log", "other_code", "damaged"]


class SnapshotStore:
    """The snapshots of a database's streams. Every call has a session of its own: a writer's is left in peace.

    Errors, of every call: DatabaseUnavailable.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def keep(self, stream: str, snapshot: Snapshot) -> None:
        """Store a snapshot; it is durable when this returns. One of the same record is replaced."""
        stored = await to_thread(_packed, snapshot)
        async with self._database.session(answer_s=_ANSWER_S) as connection:
            await connection.execute(
                _KEEP,
                checked_name(stream),
                snapshot.seq,
                snapshot.hash,
                bytes.fromhex(snapshot.fingerprint),
                snapshot.code_version,
                SCHEMA,
                stored,
            )

    async def newest(self, stream: str, *, at_most_seq: int, code_version: str) -> AsyncIterator[Snapshot | Unusable]:
        """The stream's snapshots, newest first, each of them checked; none of a stream that is not there.

        `at_most_seq` is the log's head: the caller must be the stream's writer, or may not trust that it stays so.
        """
        below = 2**63 - 1
        while True:
            async with self._database.session(answer_s=_ANSWER_S) as connection:
                row = await connection.fetchrow(_NEXT, checked_name(stream), below)
            if row is None:
                return
            below = row["seq"]
            yield await to_thread(_checked, row, at_most_seq, code_version)

    async def prune(self, stream: str, *, keep: int = 2) -> None:
        """Forget all but the stream's newest `keep` snapshots."""
        async with self._database.session(answer_s=_ANSWER_S) as connection:
            await connection.execute(_PRUNE, checked_name(stream), keep)


def _packed(snapshot: Snapshot) -> bytes:
    content = zstandard.ZstdCompressor(level=_LEVEL).compress(snapshot.content)
    return _digest(snapshot, SCHEMA, content) + content


def _checked(row: Any, at_most_seq: int, code_version: str) -> Snapshot | Unusable:
    """The snapshot of a row. What tells most about a snapshot that has several faults is told first."""
    stored: bytes = row["bytes"]
    digest, content = stored[:32], stored[32:]
    bare = Snapshot(row["seq"], row["hash"], row["fingerprint"].hex(), row["code_version"], b"")
    if bare.seq > at_most_seq or row["recorded"] is None:
        return Unusable(bare.seq, "after_the_log")
    if digest != _digest(bare, row["schema"], content):
        return Unusable(bare.seq, "damaged")
    if row["recorded"] != bare.hash:
        return Unusable(bare.seq, "other_log")
    if (row["schema"], bare.code_version) != (SCHEMA, code_version):
        return Unusable(bare.seq, "other_code")
    return msgspec.structs.replace(bare, content=zstandard.ZstdDecompressor().decompress(content))


def _digest(snapshot: Snapshot, schema: int, content: bytes) -> bytes:
    header = f"{snapshot.seq} {snapshot.hash.hex()} {snapshot.fingerprint} {snapshot.code_version} {schema} "
    return sha256(header.encode() + content).digest()

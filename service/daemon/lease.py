"""Taking a stream over: at once where its owner is gone, after 10 s where it is frozen, never while it lives."""

import asyncio

import structlog

from kernel.errors import Fenced
from service.database.connect import Database
from service.log.postgres import PostgresLogStore
from service.log.postgres_writer import HEARTBEAT_S, PostgresLogWriter

__all__ = ["take_over"]

_SILENT_S = 10.0  # candled.is_live, migrations/versions/0001_guard.sql
_PAUSE_S = 0.5
_HEARTBEAT = """
    SELECT l.heartbeat_at FROM candled.leases l JOIN candled.streams s ON s.id = l.stream_id WHERE s.name = $1
"""

_log = structlog.get_logger()


async def take_over(database: Database, store: PostgresLogStore, stream: str) -> PostgresLogWriter:
    """Become the stream's writer. An owner whose heart is heard to beat lives: Errors: Fenced."""
    loop = asyncio.get_running_loop()
    deadline, first_beat = loop.time() + _SILENT_S + 2 * HEARTBEAT_S, None
    while True:
        try:
            return await store.open(stream)
        except Fenced:
            async with database.session() as connection:
                beat = await connection.fetchval(_HEARTBEAT, stream)
            if loop.time() > deadline or (first_beat is not None and beat != first_beat):
                raise
            if first_beat is None:
                _log.info("waiting for the owner of the stream to show that it lives", stream=stream)
            first_beat = beat
        await asyncio.sleep(_PAUSE_S)

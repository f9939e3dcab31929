"""Opens the home of a run's log, by name."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from service.log.file import FileLogStore
from service.log.store import LogStore
from service.runs import Home, runs_dir

__all__ = ["open_store"]


@asynccontextmanager
async def open_store(home: Home, data_dir: Path, database_url: str | None) -> AsyncIterator[LogStore]:
    """The file home, or the PostgreSQL that `database_url` names (None: the embedded one), for the block's length."""
    if home == "file":
        yield FileLogStore(runs_dir(data_dir))
        return
    from service.database.connect import database
    from service.log.postgres import PostgresLogStore

    async with database(data_dir, database_url) as server:
        store = PostgresLogStore(server)
        try:
            yield store
        finally:
            await store.close()

"""Opens the home of a run's log, by name."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from service.log.file import LOG_FILE, FileLogStore
from service.log.store import LogStore
from service.runs import Execution, Home, runs_dir

__all__ = ["home_of", "open_store"]


def home_of(execution: Execution) -> Home:
    """Where the log of an execution is kept: as it said at its end, else where the file is."""
    outcome = execution.outcome()
    if outcome is not None:
        return outcome.store
    return "file" if (execution.path / LOG_FILE).exists() else "postgres"


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

"""The driver's errors as ours. A lost connection has many names: the driver's, the server's, the system's."""

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

import asyncpg
from asyncpg import Connection

from kernel.errors import CandledError, DatabaseUnavailable, Fenced, LogCorrupt, UsageError

__all__ = ["LOST", "NOT_NOW", "as_ours", "translated", "unless_lost"]

LOST: tuple[type[BaseException], ...] = (
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.ReadOnlySQLTransactionError,  # it is a standby now: another session finds the server that is not
    asyncpg.PostgresIOError,
    OSError,
    TimeoutError,
)
"""The connection is gone or of no more use, and with it the knowledge of what its last commit did."""

NOT_NOW: tuple[type[BaseException], ...] = (
    asyncpg.QueryCanceledError,
    asyncpg.LockNotAvailableError,
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
)
"""The server undid the transaction, for a reason that passes: the same bytes may be sent again."""

# What the guards in migrations/versions/0001_guard.sql raise.
_EPOCH_OVER, _LEASE_HELD = "ES001", "ES006"
_NOT_THE_CHAIN = frozenset({"ES002", "ES003", "ES004", "ES005"})


def as_ours(error: BaseException, *, seq: int = 0) -> CandledError | None:
    """The error of ours that a driver's error means; None when it is a bug. `seq` is the first record of an append."""
    code = getattr(error, "sqlstate", None)
    if isinstance(error, asyncpg.DataError):
        return None
    if isinstance(error, asyncpg.ClientConfigurationError):
        return UsageError(
            "the database URL cannot be used", fix="write it as postgresql://USER:PASSWORD@HOST:5432/NAME"
        )
    if isinstance(error, (asyncpg.InvalidAuthorizationSpecificationError, asyncpg.InvalidCatalogNameError)):
        return UsageError(
            f"the server refused: {error}", fix="see user, password and database name in the database URL"
        )
    if code == _EPOCH_OVER:
        return Fenced(f"another writer has taken over: {error}", fix="let one process write a stream")
    if code == _LEASE_HELD:
        return Fenced(str(error), fix="end that process, or wait 10 s if it is gone")
    if code in _NOT_THE_CHAIN or isinstance(error, asyncpg.UniqueViolationError):
        return LogCorrupt(f"the database refused to append: {error}", first_bad_seq=seq)
    if isinstance(error, asyncpg.InsufficientPrivilegeError):
        return UsageError(f"the database refused: {error}", fix="GRANT candled TO the role that the database URL names")
    if isinstance(error, asyncpg.InsufficientResourcesError):
        return DatabaseUnavailable(f"the database has no room: {error}", fix="free its disk, or its connections")
    if isinstance(error, (*LOST, *NOT_NOW)):
        return DatabaseUnavailable(
            f"the database cannot be used: {_said(error)}", fix="see that it runs, and try again"
        )
    return None


@contextmanager
def translated() -> Iterator[None]:
    """Raise what the driver raises within as an error of ours, wherever it has one."""
    try:
        yield
    except (asyncpg.PostgresError, *LOST) as error:
        ours = as_ours(error)
        if ours is None:
            raise
        raise ours from error


async def unless_lost(connection: Connection, work: Coroutine[Any, Any, None]) -> None:
    """Await `work` on a connection, no longer than it stands.

    The driver waits for ever in a COPY larger than the socket's buffer when the connection is lost in the middle of it.
    Errors: the driver's.
    """
    task = asyncio.ensure_future(work)

    def stop(_: Connection) -> None:
        task.cancel()

    connection.add_termination_listener(stop)
    try:
        await task
    except asyncio.CancelledError:
        current = asyncio.current_task()
        if current is None or current.cancelling():
            raise
        raise asyncpg.ConnectionDoesNotExistError("the connection was lost in the middle of an append") from None
    finally:
        connection.remove_termination_listener(stop)


def _said(error: BaseException) -> str:
    return str(error) or type(error).__name__

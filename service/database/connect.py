"""Which PostgreSQL, and is it fit to keep a log: the one place that knows where the database is.

Every session runs as the role `candled`, which may append and read, whatever role the URL names. A URL is a secret:
messages name the server by `where` alone.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
from asyncpg import Connection

from kernel.errors import UsageError
from migrations import REVISION
from service.database.errors import translated
from service.database.login import let_in
from service.database.ready import until_ready
from service.database.upgrade import newer, schema_version, upgrade

__all__ = ["REQUIRED", "Database", "checked_url", "database", "where"]

CONNECT_S = 5.0
ANSWER_S = 8.0  # this is for a server that does not answer at all: one that does gives up EARLIER_S before
EARLIER_S = 3.0

_SESSION = {
    "application_name": "candled",
    "role": "candled",
    "default_transaction_isolation": "read committed",
    "lock_timeout": "3s",
    # Rows are asked for by their keys alone. Of a table that was never analyzed, or was small when the plan was made,
    # the planner would rather read and sort the whole rest of it for every batch.
    "plan_cache_mode": "force_custom_plan",
    "enable_sort": "off",
    "enable_bitmapscan": "off",
    "jit": "off",  # what is switched off above is priced so high that every plan with it would be compiled, for 0.2 s
    "idle_in_transaction_session_timeout": "10s",
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "10000",
}
# What a server must say so that a commit is durable and a text is a text. Off, commits were lost when it was tried.
REQUIRED = {
    "server_encoding": {"UTF8"},
    "fsync": {"on"},
    "full_page_writes": {"on"},
    "synchronous_commit": {"on", "remote_apply", "remote_write"},
}


@dataclass(frozen=True, slots=True)
class Database:
    """A PostgreSQL whose schema is this version's. `now`, where given, tells its URL anew for every session.

    It may block, to start a server that went away.
    """

    url: str = field(repr=False)
    now: Callable[[], str] | None = field(default=None, repr=False)

    async def connect(self, *, answer_s: float | None = ANSWER_S) -> Connection:
        """A session as the role `candled`, of the caller's own; `answer_s` bounds each statement, None does not.

        Errors: DatabaseUnavailable, UsageError when the role may not be taken.
        """
        statement_timeout = f"{answer_s - EARLIER_S}s" if answer_s else "0"
        url = await asyncio.to_thread(self.now) if self.now else self.url
        with translated():
            return await asyncpg.connect(
                url,
                timeout=CONNECT_S,
                command_timeout=answer_s,
                server_settings=_SESSION | {"statement_timeout": statement_timeout},
                target_session_attrs="read-write",
            )

    @asynccontextmanager
    async def session(self, *, answer_s: float | None = ANSWER_S) -> AsyncIterator[Connection]:
        """A session for the length of the block, where the driver's errors become ours."""
        connection = await self.connect(answer_s=answer_s)
        try:
            with translated():
                yield connection
        finally:
            await _close(connection)


@asynccontextmanager
async def database(data_dir: Path, url: str | None, admin_url: str | None = None) -> AsyncIterator[Database]:
    """The server that `url` names, else the embedded one of `data_dir`, for the length of the block.

    The embedded one's schema is brought up to date, and so is the other's where there is an `admin_url`.
    Errors: DatabaseUnavailable; UsageError for a server that could lose commits, or a schema of another version.
    """
    if url is None:
        from service.embedded.joined import Joined

        with Joined(data_dir) as server:
            await until_ready(server.url("candled_admin"), connect_s=CONNECT_S)
            await upgrade(server.url("candled_admin"))
            await let_in(server.url("candled_admin"), server.password("candled"))
            yield Database(server.url("candled"), partial(server.url, "candled"))
        return
    await until_ready(checked_url(url), connect_s=CONNECT_S)
    if admin_url is not None:
        await upgrade(checked_url(admin_url))
    await _check(url)
    yield Database(url)


def where(url: str) -> str:
    """The server and database that a URL names, fit to be shown: neither user, password nor options."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2] or "a local socket"
    return f"{host}{parts.path}"


def checked_url(url: str) -> str:
    """`url` itself. Errors: UsageError, without a word of it, when it is not of a PostgreSQL."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("postgresql", "postgres") and (parts.port or 1) > 0
    except ValueError:
        usable = False
    if not usable:
        raise UsageError("the database URL cannot be read", fix="write it as postgresql://USER:PASSWORD@HOST:5432/NAME")
    return url


async def _check(url: str) -> None:
    """Errors: UsageError when the server could lose commits, or its schema is not this version's."""
    with translated():
        connection = await asyncpg.connect(url, timeout=CONNECT_S, command_timeout=ANSWER_S)
        try:
            settings = await connection.fetch(
                "SELECT name, setting FROM pg_settings WHERE name = any($1)", list(REQUIRED)
            )
            version = await schema_version(connection)
        finally:
            await _close(connection)
    for name, setting in settings:
        if setting not in REQUIRED[name]:
            raise UsageError(
                f"the server at {where(url)} has {name} = {setting}, and would lose or garble records",
                fix=f"set {name} = {min(REQUIRED[name])} on the server; an encoding, for a database made anew",
            )
    if version is not None and version > REVISION:
        raise newer(version)
    if version != REVISION:
        raise UsageError(
            f"the schema at {where(url)} is at step {version or 'none'}, and this candled needs step {REVISION}",
            fix="candled db upgrade",
        )


async def _close(connection: Connection) -> None:
    """Close without waiting for a server that does not answer."""
    try:
        await connection.close(timeout=2.0)
    except (asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, TimeoutError):
        connection.terminate()

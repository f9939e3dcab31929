"""The schema's version, and the way from one to another.

Alembic renders the steps to SQL, and asyncpg sends them as one transaction: together they would need a third library.
"""

import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
from asyncpg import Connection

from kernel.errors import UsageError
from migrations import DIRECTORY, REVISION
from service.database.errors import translated

__all__ = ["downgrade", "newer", "schema_version", "upgrade"]

_LOCK = 0x63616E646C6564  # "candled", so that two processes never upgrade a database at once


async def schema_version(connection: Connection) -> str | None:
    """The step that the database is at; None when candled never was there."""
    if await connection.fetchval("SELECT to_regclass('candled.alembic_version')") is None:
        return None
    version: str | None = await connection.fetchval("SELECT version_num FROM candled.alembic_version")
    return version


async def upgrade(admin_url: str) -> tuple[str | None, str]:
    """Bring the schema to `REVISION`; gives the versions before and after.

    The role behind `admin_url` will own the schema. Errors: UsageError when the database is newer than this code, or
    the role may not make the schema; DatabaseUnavailable.
    """
    async with _alone(admin_url) as connection:
        before = await schema_version(connection)
        if before is not None and before > REVISION:
            raise newer(before)
        if before != REVISION:
            await connection.execute(_rendered(before, REVISION))
        return before, REVISION


async def downgrade(admin_url: str) -> None:
    """Take every step back. The log goes with it: this is for tests, and for whoever has a copy."""
    async with _alone(admin_url) as connection:
        before = await schema_version(connection)
        if before is not None:
            await connection.execute(_rendered(before, None))
            await connection.execute("DROP TABLE candled.alembic_version; DROP SCHEMA candled")


def newer(version: str) -> UsageError:
    """The error for a schema that this code does not know."""
    return UsageError(
        f"the database's schema is at step {version}, and this candled knows steps up to {REVISION}",
        fix="use a newer candled",
    )


@asynccontextmanager
async def _alone(admin_url: str) -> AsyncIterator[Connection]:
    with translated():
        connection = await asyncpg.connect(admin_url, server_settings={"application_name": "candled upgrade"})
        try:
            await connection.execute("SELECT pg_advisory_lock($1)", _LOCK)
            yield connection
        finally:
            await connection.close()


def _rendered(before: str | None, after: str | None) -> str:
    """The SQL that leads from one step to another; None is no schema at all."""
    from alembic import command
    from alembic.config import Config

    sql = io.StringIO()
    config = Config(output_buffer=sql)
    config.set_main_option("script_location", str(DIRECTORY).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    way = f"{before or 'base'}:{after or 'base'}"
    down = (after or "") < (before or "")
    (command.downgrade if down else command.upgrade)(config, way, sql=True)
    return sql.getvalue()

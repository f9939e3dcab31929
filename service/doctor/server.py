"""The database: is it there, is it ours, would it keep what it said it kept, does it agree about the time."""

import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, urlsplit

import asyncpg
from asyncpg import Connection

from kernel.errors import CandledError
from migrations import REVISION
from service.database.connect import REQUIRED, checked_url, where
from service.database.errors import translated
from service.database.upgrade import schema_version
from service.doctor.finding import Finding, failed, fine, worth_knowing
from service.embedded.binaries import find
from service.embedded.client import join
from service.embedded.home import Home

__all__ = ["embedded_server", "server"]

CONNECT_S: Final = 5.0
CLOCKS_APART_S: Final = 1.0
CLOCKS_WRONG_S: Final = 10.0  # the age at which a lease is taken over
_LOCAL: Final = {"", "localhost", "127.0.0.1", "::1"}


async def server(url: str) -> list[Finding]:
    """A server that a URL names, as the role that it names."""
    try:
        async with _connected(checked_url(url)) as connection:
            return [found async for found in _examined(connection, where(url), _is_local(url))]
    except CandledError as error:
        return [failed("database", str(error), error.fix)]


async def embedded_server(data_dir: Path) -> list[Finding]:
    """Candled's own: its programs; and itself, where it was ever started."""
    home = Home.below(data_dir)
    try:
        binaries = find(home.major())
        found = [fine("database", f"candled's own, PostgreSQL {binaries.major} from {binaries.directory}")]
        if home.major() is None:
            return found
        with join(data_dir) as running:
            async with _connected(running.url("candled_admin")) as connection:
                own = [found async for found in _examined(connection, "the embedded database", local=True)]
    except CandledError as error:
        return [failed("database", str(error), error.fix)]
    owned = {"database role", "backup"}  # its superuser is ours; a copy of the data directory is its backup
    return found + [one for one in own if one.check not in owned]


@asynccontextmanager
async def _connected(url: str) -> AsyncIterator[Connection]:
    with translated():
        connection = await asyncpg.connect(url, timeout=CONNECT_S, command_timeout=CONNECT_S)
        try:
            yield connection
        finally:
            await connection.close(timeout=CONNECT_S)


async def _examined(connection: Connection, place: str, local: bool) -> AsyncIterator[Finding]:
    sent = time.time()
    told = float(await connection.fetchval("SELECT extract(epoch FROM clock_timestamp())"))
    apart_s = told - (sent + time.time()) / 2
    names = [*REQUIRED, "server_version", "data_checksums", "archive_mode", "wal_level"]
    rows = await connection.fetch("SELECT name, setting FROM pg_settings WHERE name = any($1)", names)
    settings = {row["name"]: row["setting"] for row in rows}
    yield fine("database", f"PostgreSQL {settings['server_version']} at {place}")
    for found in _settings(settings):
        yield found
    yield _clocks(apart_s)
    role = await connection.fetchrow(_RIGHTS)
    yield _rights(role)
    if role["is_super"] or role["is_let_in"] is not False:  # a stranger may not even ask for the schema's version
        yield _schema(await schema_version(connection))
    if not local and not await connection.fetchval("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"):
        mend = "add ?sslmode=verify-full to the URL, and give the server a certificate"
        yield worth_knowing("database encryption", f"what is said to {place} can be read on the way", mend)


_RIGHTS = """
SELECT rolsuper AS is_super, current_user AS name,
    (SELECT pg_has_role(current_user, own.oid, 'MEMBER') FROM pg_roles own WHERE own.rolname = 'candled') AS is_let_in
FROM pg_roles WHERE rolname = current_user
"""
"""`is_let_in` is null where there is no role `candled` yet: the first `db upgrade` makes it."""


def _schema(version: str | None) -> Finding:
    if version == REVISION:
        return fine("schema", f"step {version}")
    if version is not None and version > REVISION:
        return failed("schema", f"step {version}, newer than this program's {REVISION}", "use a newer candled")
    return failed("schema", f"step {version or 'none'}, and this program needs {REVISION}", "candled db upgrade")


_MEND: Final = {"server_encoding": "make the database anew, with ENCODING 'UTF8' TEMPLATE template0"}


def _settings(settings: Mapping[str, str]) -> Iterator[Finding]:
    """What the server must say, and what it had better say."""
    wrong = {name: settings[name] for name, right in REQUIRED.items() if settings[name] not in right}
    for name, setting in wrong.items():
        said = f"{name} = {setting}: commits could be lost, or texts garbled"
        yield failed("durability", said, _MEND.get(name, f"set {name} = {min(REQUIRED[name])} on the server"))
    if not wrong:
        yield fine("durability", ", ".join(f"{name} = {settings[name]}" for name in REQUIRED))
    if settings["data_checksums"] != "on":
        mend = "pg_checksums --enable, with the server stopped"
        yield worth_knowing("page checksums", "off: a page that its disk garbled would be believed", mend)
    if settings["archive_mode"] == "off":
        said = "no write-ahead log is archived: nothing brings back what is written after the last copy"
        yield worth_knowing("backup", said, "archive it, as docs/runbook.md does, or mind that you do otherwise")


def _clocks(apart_s: float) -> Finding:
    said, mend = f"{abs(apart_s):.3f} s from this machine's", "keep both clocks with NTP"
    if abs(apart_s) >= CLOCKS_WRONG_S:
        return failed("database clock", said, mend)
    return (
        worth_knowing("database clock", said, mend) if abs(apart_s) >= CLOCKS_APART_S else fine("database clock", said)
    )


def _rights(role: Mapping[str, object]) -> Finding:
    name = role["name"]
    if role["is_super"]:
        mend = "make a role of its own for the daemon, as docs/runbook.md does"
        return worth_knowing("database role", f"{name} is a superuser, who could change the log", mend)
    if not role["is_let_in"]:
        return failed("database role", f"{name} may not take the role candled", f"GRANT candled TO {name}")
    return fine("database role", f"{name} may append and read")


def _is_local(url: str) -> bool:
    parts = urlsplit(url)
    host = parts.hostname or (parse_qs(parts.query).get("host") or [""])[0]
    return host in _LOCAL or host.startswith("/")

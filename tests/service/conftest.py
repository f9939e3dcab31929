"""Servers and homes of logs for the tests of the service. A test that awaits is run on a loop of its own."""

import inspect
import os
from collections.abc import Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from service import loop
from service.database.connect import Database, database
from service.database.upgrade import upgrade
from service.embedded.client import join
from service.log.file import FileLogStore
from service.log.postgres import PostgresLogStore

EXTERNAL = "CANDLED_TEST_DATABASE_URL"
_numbers = count(1)


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem):
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    names = inspect.signature(pyfuncitem.obj).parameters
    loop.run(pyfuncitem.obj(**{name: pyfuncitem.funcargs[name] for name in names}))
    return True


@dataclass(frozen=True)
class Server:
    """A PostgreSQL where tests may make databases. The URLs name any database of it; `admin_url` a superuser."""

    admin_url: str
    user_url: str

    async def make_home(self) -> "PostgresHome":
        """A fresh database with the schema."""
        home = PostgresHome(self, await self.make_database())
        await upgrade(home.admin_url)
        return home

    async def make_database(self) -> str:
        """A fresh database with nothing in it."""
        name = f"test_{os.getpid()}_{next(_numbers)}"
        await execute(self.admin_url, f"CREATE DATABASE {name}")
        return name


def in_database(url: str, name: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


async def execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


@pytest.fixture(scope="session")
def embedded_server(tmp_path_factory) -> Iterator[Server]:
    """Our own PostgreSQL; tests log in to it as the role candled."""
    data_dir = tmp_path_factory.mktemp("embedded")

    async def let_in() -> None:
        async with database(data_dir, None):
            pass

    with join(data_dir) as server:
        loop.run(let_in())
        yield Server(server.url("candled_admin"), server.url("candled"))


@pytest.fixture(scope="session")
def external_server() -> Server:
    """The server that the environment names; tests log in as its superuser, and take the role candled."""
    if EXTERNAL not in os.environ:
        pytest.skip(f"no second server: {EXTERNAL} names none")
    return Server(os.environ[EXTERNAL], os.environ[EXTERNAL])


class FileHome:
    """Logs in files of a temporary directory."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    @asynccontextmanager
    async def store(self):
        yield FileLogStore(self.directory)

    async def forget_the_living(self, stream: str) -> None:
        """A file's lease is never refused."""


@dataclass(frozen=True)
class PostgresHome:
    """Logs in one database of a server."""

    server: Server
    name: str

    @property
    def url(self) -> str:
        return in_database(self.server.user_url, self.name)

    @property
    def admin_url(self) -> str:
        return in_database(self.server.admin_url, self.name)

    @property
    def database(self) -> Database:
        return Database(self.url)

    @asynccontextmanager
    async def store(self):
        store = PostgresLogStore(self.database)
        try:
            yield store
        finally:
            await store.close()

    async def forge(self, *statements: str) -> None:
        """Edit the database as only a superuser can: past its triggers."""
        await execute(self.admin_url, ";".join(["SET session_replication_role = replica", *statements]))

    async def forget_the_living(self, stream: str) -> None:
        """Make the stream's lease as old as after ten silent seconds."""
        await self.forge(
            "UPDATE candled.leases SET heartbeat_at = heartbeat_at - interval '11 s'"
            f" WHERE stream_id = (SELECT id FROM candled.streams WHERE name = '{stream}')"
        )


@pytest.fixture(scope="session")
def embedded(embedded_server) -> PostgresHome:
    return loop.run(embedded_server.make_home())


@pytest.fixture(scope="session")
def external(external_server) -> PostgresHome:
    return loop.run(external_server.make_home())


@pytest.fixture(params=["embedded", "external"])
def postgres(request) -> PostgresHome:
    """A database with the schema, on each server."""
    return request.getfixturevalue(request.param)


@pytest.fixture(params=["file", "embedded", "external"])
def home(request, tmp_path):
    """Both homes of logs, the second one on each server."""
    return FileHome(tmp_path) if request.param == "file" else request.getfixturevalue(request.param)


@pytest.fixture
def stream() -> str:
    """A name that no other test uses."""
    return f"test-{next(_numbers)}/1"

"""Servers where tests may make databases, and the two homes of logs in a form that one suite can use."""

import os
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from service.database.connect import Database
from service.database.upgrade import upgrade
from service.log.file import FileLogStore
from service.log.postgres import PostgresLogStore

_numbers = count(1)


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

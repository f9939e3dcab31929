"""Servers and homes of logs for the tests of the service. A test that awaits is run on a loop of its own."""

import inspect
import os
from collections.abc import Iterator
from itertools import count

import pytest

from service import loop
from service.database.connect import database
from service.embedded.client import join
from tests.service.servers import FileHome, PostgresHome, Server

EXTERNAL = "CANDLED_TEST_DATABASE_URL"
_numbers = count(1)


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem):
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    names = inspect.signature(pyfuncitem.obj).parameters
    loop.run(pyfuncitem.obj(**{name: pyfuncitem.funcargs[name] for name in names}))
    return True


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
def external_server(tmp_path_factory) -> Iterator[Server]:
    """A server known by its URL alone: the one that the environment names, else a second one that is started here.

    Tests log in as its superuser, and take the role candled.
    """
    if EXTERNAL in os.environ:
        yield Server(os.environ[EXTERNAL], os.environ[EXTERNAL])
        return
    with join(tmp_path_factory.mktemp("external")) as server:
        yield Server(server.url("candled_admin"), server.url("candled_admin"))


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

"""Joining: the first starts the server, others share it, the last one's end stops it."""

import asyncio
import os
import stat
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from sqlalchemy import make_url
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg

from service.embedded.client import EmbeddedServer, join

from .processes import gone, keeper, postmaster, running


def query(url: str, sql: str) -> list[Any]:
    async def ask() -> list[Any]:
        connection = await asyncpg.connect(url)
        try:
            return [tuple(row) for row in await connection.fetch(sql)]
        finally:
            await connection.close()

    return asyncio.run(ask())


def setting(server: EmbeddedServer, name: str) -> str:
    return query(server.url("candled_admin"), f"SHOW {name}")[0][0]


def test_a_cold_start_gives_a_durable_server(empty_dir: Path):
    with join(empty_dir) as server:
        for name in ("fsync", "synchronous_commit", "full_page_writes", "data_checksums"):
            assert setting(server, name) == "on", name
        assert setting(server, "server_encoding") == "UTF8"
        assert setting(server, "timezone") == "UTC"


def test_text_is_ordered_by_the_provider_that_is_built_in(data_dir: Path):
    """The wheel's binaries have no ICU, and libc's order changes with its version."""
    with join(data_dir) as server:
        (locale,) = query(server.url("candled_admin"), "SELECT datlocprovider, datlocale FROM pg_database LIMIT 1")
        assert locale == (b"b", "C.UTF-8")


def test_a_second_process_joins_the_server_of_the_first(data_dir: Path, user):
    with join(data_dir) as server:
        first = postmaster(data_dir)
        other = user(data_dir)
        assert other.answer()["url"] == server.url("candled_admin")
        assert postmaster(data_dir) == first
        other.leave()
        assert query(server.url("candled_admin"), "SELECT 1") == [(1,)], "one that leaves takes nothing with it"


def test_whoever_starts_it_may_leave_first(data_dir: Path, user):
    starter = user(data_dir)
    starter.answer()
    with join(data_dir) as server:
        starter.leave()
        assert query(server.url("candled_admin"), "SELECT 1") == [(1,)]


def test_close_by_the_last_user_returns_when_the_server_has_stopped(data_dir: Path):
    server = join(data_dir)
    pid = postmaster(data_dir)
    server.close()
    assert not Path(f"/proc/{pid}").exists()
    assert not (data_dir / "postgres/run").exists()


def test_what_was_written_is_there_after_a_restart(data_dir: Path):
    with join(data_dir) as server:
        query(server.url("candled_admin"), "CREATE TABLE kept AS SELECT 42 AS answer")
    with join(data_dir) as server:
        assert query(server.url("candled_admin"), "SELECT answer FROM kept") == [(42,)]


def test_starters_of_the_same_instant_share_one_server(empty_dir: Path, user):
    users = [user(empty_dir) for _ in range(4)]
    urls = {one.answer()["url"] for one in users}
    assert len(urls) == 1
    assert len([line for line in running(empty_dir).values() if "service.embedded.keeper" in line]) == 1
    assert (empty_dir / "postgres/keeper.log").read_text().count("begins") == 1


def test_it_can_be_left_and_joined_in_quick_succession(data_dir: Path, user):
    """The next start must wait for the last one's end, whichever of its steps it meets."""
    for _ in range(4):
        one, other = user(data_dir), user(data_dir)
        one.answer()
        one.kill()
        assert "url" in other.answer()
        other.kill()


def test_sqlalchemy_reads_the_url_as_asyncpg_does(data_dir: Path):
    async def ask(options: dict[str, Any]) -> int:
        connection = await asyncpg.connect(**options)
        answer: int = await connection.fetchval("SELECT 42")
        await connection.close()
        return answer

    with join(data_dir) as server:
        url = make_url(server.url("candled_admin")).set(drivername="postgresql+asyncpg")
        _, options = PGDialect_asyncpg().create_connect_args(url)
        assert asyncio.run(ask(options)) == 42


def test_nobody_comes_in_without_the_password(data_dir: Path):
    with join(data_dir) as server:
        url = server.url("candled_admin")
        with pytest.raises(asyncpg.InvalidPasswordError):
            query(url.replace(server.password("candled_admin"), "wrong"), "SELECT 1")
        stored = query(url, "SELECT rolpassword FROM pg_authid WHERE rolname = 'candled_admin'")[0][0]
        assert stored.startswith("SCRAM-SHA-256$")
        methods = query(url, "SELECT type, auth_method FROM pg_hba_file_rules")
    assert {method for _, method in methods} == {"scram-sha-256", "reject"}
    assert {method for kind, method in methods if kind != "local"} == {"reject"}


def test_the_application_role_can_be_made_with_its_password(data_dir: Path):
    with join(data_dir) as server:
        query(server.url("candled_admin"), f"CREATE ROLE candled LOGIN PASSWORD '{server.password('candled')}'")
        assert query(server.url("candled"), "SELECT current_user") == [("candled",)]


def test_secrets_and_sockets_are_the_owners_alone(data_dir: Path):
    with join(data_dir):
        for path, mode in (
            ("run", 0o700),
            ("data", 0o700),
            ("candled.password", 0o600),
            ("candled_admin.password", 0o600),
        ):
            assert stat.S_IMODE((data_dir / "postgres" / path).stat().st_mode) == mode, path


def test_secrets_are_in_no_command_line_environment_or_log(data_dir: Path):
    with join(data_dir) as server:
        secret = server.password("candled_admin")
        with pytest.raises(asyncpg.DuplicateObjectError):
            query(server.url("candled_admin"), f"CREATE ROLE candled_admin PASSWORD '{secret}'")
        for pid, command in running(data_dir).items():
            assert secret not in command
            assert secret.encode() not in Path(f"/proc/{pid}/environ").read_bytes()
        assert secret not in repr(server)
    for log in ("keeper.log", "server.log"):
        assert secret not in (data_dir / "postgres" / log).read_text()


def test_nothing_listens_on_tcp(data_dir: Path):
    with join(data_dir):
        sockets = set()
        for pid in running(data_dir):
            for fd in Path(f"/proc/{pid}/fd").iterdir():
                sockets.add(str(fd.readlink()))
        for table in ("tcp", "tcp6", "udp", "udp6"):
            for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
                assert f"socket:[{line.split()[9]}]" not in sockets


def test_the_keeper_is_detached_and_inherits_nothing(data_dir: Path, user):
    """Own session, no terminal, one thread (the server dies with the thread that started it), a bare environment."""
    one = user(data_dir)
    one.answer()
    pid = keeper(data_dir)
    assert os.getsid(pid) != os.getsid(one.process.pid)
    stdin, stdout, stderr = (Path(f"/proc/{pid}/fd/{fd}").readlink() for fd in range(3))
    assert stdin == Path("/dev/null")
    assert stdout == stderr == data_dir / "postgres/keeper.log"
    assert "\nThreads:\t1\n" in Path(f"/proc/{pid}/status").read_text()
    names = {entry.split(b"=")[0] for entry in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0") if entry}
    assert names <= {b"PATH", b"LC_ALL", b"LC_CTYPE", b"TZ", b"PYTHONPATH", b"XDG_RUNTIME_DIR", b"TMPDIR"}


def test_the_environment_of_the_starter_does_not_reach_the_server(
    data_dir: Path, user, monkeypatch: pytest.MonkeyPatch
):
    for name, value in {"PGPORT": "1", "PGDATA": "/nowhere", "PGOPTIONS": "-c fsync=off", "LC_ALL": "xx"}.items():
        monkeypatch.setenv(name, value)
    url = user(data_dir).answer()["url"]
    for name in ("PGPORT", "PGDATA", "PGOPTIONS", "LC_ALL"):
        monkeypatch.delenv(name)
    assert query(url, "SHOW fsync") == [("on",)]


def test_closing_twice_does_no_harm(data_dir: Path):
    server = join(data_dir)
    server.close()
    server.close()
    assert gone(data_dir)

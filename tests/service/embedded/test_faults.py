"""Kill -9 of everything, at bad moments: nothing acknowledged is lost, nothing keeps running, the next start works."""

import asyncio
import os
import re
import signal
import time
from contextlib import suppress
from pathlib import Path

import asyncpg
import pytest

from kernel.errors import DatabaseUnavailable
from service.embedded import cluster
from service.embedded.client import join
from service.embedded.home import Home

from .processes import gone, keeper, postmaster, running, wait_until
from .test_join import query

# What asyncpg raises when the server goes away in the midst of a conversation: not one error but several.
LOST = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError)


async def write_until_lost(url: str, acknowledged: list[int]) -> None:
    """Commit one row after the other, and note each acknowledged one, until the server is lost."""
    with suppress(*LOST):
        connection = await asyncpg.connect(url)
        try:
            while True:
                row = await connection.fetchval("INSERT INTO kept DEFAULT VALUES RETURNING row")
                acknowledged.append(row)
        finally:
            connection.terminate()


async def connect_again(url: str) -> asyncpg.Connection:
    deadline_s = time.monotonic() + 10
    while True:
        try:
            return await asyncpg.connect(url)
        except LOST:
            assert time.monotonic() < deadline_s, "the server did not come back"
            await asyncio.sleep(0.01)


def test_a_killed_postmaster_is_started_again_and_nothing_acknowledged_is_lost(data_dir: Path):
    async def trial(url: str) -> None:
        acknowledged: list[int] = []
        connection = await asyncpg.connect(url)
        await connection.execute("CREATE TABLE kept (row bigint GENERATED ALWAYS AS IDENTITY)")
        await connection.close()
        for _ in range(3):
            writers = asyncio.gather(*(write_until_lost(url, acknowledged) for _ in range(3)))
            before = len(acknowledged)
            await asyncio.sleep(0.15)
            os.kill(postmaster(data_dir), signal.SIGKILL)
            await writers
            assert len(acknowledged) > before
            connection = await connect_again(url)
            kept = {row for (row,) in await connection.fetch("SELECT row FROM kept")}
            await connection.close()
            assert set(acknowledged) <= kept

    with join(data_dir) as server:
        asyncio.run(trial(server.url("candled_admin")))
        assert (data_dir / "postgres/keeper.log").read_text().count("starting another") == 3


def test_a_killed_user_is_noticed_and_the_server_stops(data_dir: Path, user):
    one = user(data_dir)
    one.answer()
    assert len(running(data_dir)) > 5
    one.kill()
    assert gone(data_dir)
    assert "database system is shut down" in (data_dir / "postgres/server.log").read_text()


def test_a_user_killed_while_the_server_starts_leaves_nothing(empty_dir: Path, user):
    one = user(empty_dir)
    assert wait_until((empty_dir / "postgres/data.new").exists)
    one.kill()
    assert gone(empty_dir)
    assert "url" in user(empty_dir).answer()


def test_a_killed_keeper_takes_the_server_with_it(data_dir: Path):
    server = join(data_dir)
    query(server.url("candled_admin"), "CREATE TABLE kept AS SELECT 42 AS answer")
    os.kill(keeper(data_dir), signal.SIGKILL)
    with join(data_dir) as other:  # at once: the old server may still be stopping, and its sockets are still there
        assert query(other.url("candled_admin"), "SELECT answer FROM kept") == [(42,)]
        server.close()
        assert query(other.url("candled_admin"), "SELECT answer FROM kept") == [(42,)]


def test_the_next_server_waits_for_the_last_process_of_a_killed_one(data_dir: Path, user):
    first = user(data_dir)
    first.answer()
    (slow,) = [pid for pid, command in running(data_dir).items() if "checkpointer" in command]
    os.kill(slow, signal.SIGSTOP)  # the server cannot stop without it
    os.kill(keeper(data_dir), signal.SIGKILL)
    second = user(data_dir)
    log = data_dir / "postgres/keeper.log"
    assert wait_until(lambda: log.read_text().count("begins") == 2)
    time.sleep(0.3)
    assert log.read_text().count("ready") == 1
    os.kill(slow, signal.SIGCONT)
    assert "url" in second.answer()


def test_after_a_killed_keeper_nothing_runs(data_dir: Path):
    server = join(data_dir)
    os.kill(keeper(data_dir), signal.SIGKILL)
    assert gone(data_dir)
    assert "database system is shut down" in (data_dir / "postgres/server.log").read_text()
    server.close()
    join(data_dir).close()


def test_keeper_and_server_killed_together(data_dir: Path):
    """What is left says that a server is ready, at sockets that are there: none of it may be believed."""
    with join(data_dir):
        keeper_pid, server_pid = keeper(data_dir), postmaster(data_dir)
        os.kill(keeper_pid, signal.SIGSTOP)
        os.kill(server_pid, signal.SIGKILL)
        os.kill(keeper_pid, signal.SIGKILL)
        home = Home.below(data_dir)
        assert (home.run / "keeper").exists()
        assert cluster.is_ready(home, server_pid), "the dead server's file says ready"
        assert not cluster.is_ready(home, server_pid + 1), "it must be asked for our server's own pid"
        with join(data_dir) as again:
            assert query(again.url("candled_admin"), "SELECT 1") == [(1,)]


def test_a_cluster_half_made_is_made_anew(empty_dir: Path, user):
    one = user(empty_dir)
    assert wait_until((empty_dir / "postgres/data.new/base").exists)
    os.kill(keeper(empty_dir), signal.SIGKILL)
    assert "ended before" in one.answer()["error"]
    assert not (empty_dir / "postgres/data").exists()
    with join(empty_dir) as server:
        assert query(server.url("candled_admin"), "SELECT 1") == [(1,)]
    assert not (empty_dir / "postgres/data.new").exists()


def test_a_pid_that_lives_again_in_another_process_does_not_prevent_the_start(data_dir: Path):
    """After a crash of the machine the pid file may name any process: PostgreSQL would refuse to start."""
    (data_dir / "postgres/data/postmaster.pid").write_text(f"{os.getpid()}\n{data_dir}/postgres/data\n1\n5432\n")
    join(data_dir).close()


def test_sigterm_stops_it_in_order_and_the_next_join_starts_it_again(data_dir: Path):
    server = join(data_dir)
    os.kill(keeper(data_dir), signal.SIGTERM)
    assert gone(data_dir)
    assert "told to" in (data_dir / "postgres/keeper.log").read_text()
    server.close()
    join(data_dir).close()


def test_what_its_starter_ignores_or_blocks_does_not_make_the_keeper_deaf(data_dir: Path):
    deaf = {signal.SIGTERM, signal.SIGCHLD}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, deaf)
    try:
        server = join(data_dir)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    os.kill(postmaster(data_dir), signal.SIGKILL)
    asyncio.run(closed(server.url("candled_admin")))
    os.kill(keeper(data_dir), signal.SIGTERM)
    assert gone(data_dir)
    server.close()


def test_a_server_that_cannot_start_says_why_to_all_who_wait(data_dir: Path, user):
    (data_dir / "postgres/data/global/pg_control").unlink()
    answers = [one.answer() for one in (user(data_dir), user(data_dir))]
    for answer in answers:
        assert "pg_control" in answer["error"]
        assert "server.log" in answer["fix"]


def test_a_server_that_hangs_is_not_waited_for_for_ever(data_dir: Path):
    with join(data_dir):
        os.kill(keeper(data_dir), signal.SIGSTOP)
        started_s = time.monotonic()
        with pytest.raises(DatabaseUnavailable, match="not ready after"):
            join(data_dir, timeout_s=0.3)
        assert time.monotonic() - started_s < 2
        os.kill(keeper(data_dir), signal.SIGCONT)


def test_a_killed_servers_shared_memory_is_removed_by_the_one_that_follows_it(data_dir: Path):
    with join(data_dir) as server:
        pid = postmaster(data_dir)
        segments = set(re.findall(r"/dev/shm/\S+", Path(f"/proc/{pid}/maps").read_text()))
        assert segments
        os.kill(pid, signal.SIGKILL)
        asyncio.run(closed(server.url("candled_admin")))
    assert not [segment for segment in segments if Path(segment).exists()]


async def closed(url: str) -> None:
    await (await connect_again(url)).close()

"""The embedded server under a writer that is to run for months: a killed keeper, old files put back, a full disk."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from kernel.errors import LogCorrupt
from service.database.connect import database
from service.log.anchor import check_anchor
from service.log.postgres import PostgresLogStore
from service.log.record import Chain
from service.log.verify import verify
from tests.service.embedded.processes import gone, keeper
from tests.service.journal import entries, records

ROOT = Path(__file__).resolve().parents[3]
WRITTEN = records(30)


async def test_a_killed_keeper_is_replaced_and_the_writer_does_not_notice(tmp_path):
    async with database(tmp_path, None) as server:
        store = PostgresLogStore(server)
        writer = await store.open("run/1")
        chain, written = Chain(epoch=1), []
        for within_s in (0, 0.02):
            pid, connection = keeper(tmp_path), writer._connection
            asyncio.get_running_loop().call_later(within_s, os.kill, pid, signal.SIGKILL)
            while writer._connection is connection:
                batch = chain.extend(entries(1, seed=chain.head.seq))
                await writer.append(batch)
                written += batch
            assert keeper(tmp_path) != pid
        assert [record async for batch in store.records("run/1") for record in batch] == written
        assert (await verify(store, "run/1", anchor=chain.head, ended=True)).ok
        await store.close()
    assert gone(tmp_path), "the last keeper went with its last user"


async def test_a_standby_that_lost_the_tail_is_refused(tmp_path):
    """The files of an hour ago are as good a standby as any: all is well with them, but for the newest records."""
    files, older = tmp_path / "postgres" / "data", tmp_path / "older"
    async with database(tmp_path, None) as server:
        store = PostgresLogStore(server)
        writer = await store.open("run/1")
        await writer.append(WRITTEN[:40])
        await store.close()
    shutil.copytree(files, older)
    async with database(tmp_path, None) as server:
        store = PostgresLogStore(server)
        writer = await store.open("run/1")
        await writer.append(Chain(epoch=2, head=writer.head).extend(entries(30)[40:]))
        anchor = writer.head
        await store.close()
        await check_anchor(store, "run/1", anchor)
    shutil.rmtree(files)
    older.rename(files)
    async with database(tmp_path, None) as server:
        store = PostgresLogStore(server)
        assert (await verify(store, "run/1", anchor=None)).ok, "nothing within the database shows it"
        with pytest.raises(LogCorrupt, match="ends at record 40, but"):
            await check_anchor(store, "run/1", anchor)


async def test_a_writer_that_lives_through_such_a_failover_ends(own_home, stream):
    async with own_home.store() as store:
        writer = await store.open(stream)
        await writer.append(WRITTEN[:40])
        await own_home.forge("DELETE FROM candled.events WHERE seq > 35")
        writer._connection.terminate()
        with pytest.raises(LogCorrupt) as refused:
            await writer.append(WRITTEN[40:])
        assert refused.value.first_bad_seq == 41


def in_a_small_world(*command):
    """Run a command where it may mount a file system of its own; skips where the system refuses that."""
    unshare = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--user", "--map-root-user"])]
    tried = subprocess.run([*unshare, "mount", "-t", "tmpfs", "none", "/mnt"], check=False, capture_output=True)
    if tried.returncode != 0:
        pytest.skip("no mounts are allowed here")
    return subprocess.run(
        [*unshare, *command],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_a_disk_that_is_really_full_costs_nothing_but_time(tmp_path):
    """PostgreSQL panics without room for its log, and cannot start: the keeper gives up, and is started again."""
    ran = in_a_small_world(sys.executable, "-m", "tests.service.faults.full_disk", tmp_path)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    *refusals, end = ran.stdout.splitlines()
    assert end == "['kill switch'] True True"
    assert any("has no room" in refusal for refusal in refusals)
    assert any("did not start" in refusal for refusal in refusals)

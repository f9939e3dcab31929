"""The PostgreSQL writer under real faults: connections cut around COMMIT, a killed server, stopped and dead owners."""

import asyncio
import os
import signal

import asyncpg
import pytest

from kernel.errors import DatabaseUnavailable, Fenced, LogCorrupt
from service.database.connect import Database, database
from service.log import postgres_writer
from service.log.postgres import PostgresLogStore
from service.log.record import Chain, Head
from service.log.verify import verify
from tests.service.journal import entries, in_batches, records, turns
from tests.service.link import link_to
from tests.service.owner import owner_of

TURNS = turns(30)
WRITTEN = records(30)


async def read(store, stream):
    return [record async for batch in store.records(stream) for record in batch]


@pytest.mark.parametrize("cut", ["before", "after"])
async def test_a_commit_of_unknown_outcome_is_made_exactly_once(postgres, stream, cut):
    async with link_to(postgres.url) as link:
        store = PostgresLogStore(Database(link.url))
        writer = await store.open(stream)
        written = iter(WRITTEN)
        batches = in_batches(TURNS, [4])
        for batch in batches:
            link.cut = cut
            await writer.append([next(written) for turn in batch for _ in turn])
        assert link.cuts == len(batches)
        await store.close()
    async with postgres.store() as store:
        assert await read(store, stream) == WRITTEN
        rows = await _count(postgres, "fills", stream)
        assert rows == sum(record.type == "OrderFilled" for record in WRITTEN) - _refused(WRITTEN)


async def test_a_connection_lost_in_the_middle_of_a_large_copy_is_noticed_at_once(postgres, stream):
    large = records(3_000)
    async with link_to(postgres.url) as link:
        store = PostgresLogStore(Database(link.url))
        writer = await store.open(stream)
        link.cut = "copy"
        async with asyncio.timeout(6):
            await writer.append(large)
        assert link.cut == ""
        await store.close()
    async with postgres.store() as store:
        assert await read(store, stream) == large


async def test_a_lost_server_is_reported_and_the_same_append_goes_on_when_it_is_back(postgres, stream, monkeypatch):
    monkeypatch.setattr(postgres_writer, "PERSIST_S", 0.3)
    async with link_to(postgres.url) as link:
        store = PostgresLogStore(Database(link.url))
        writer = await store.open(stream)
        await writer.append(WRITTEN[:10])
        link.cut, link.down = "after", True
        with pytest.raises(DatabaseUnavailable):
            await writer.append(WRITTEN[10:20])
        assert writer.head == Head(10, WRITTEN[9].hash)
        link.down = False
        await writer.append(WRITTEN[10:20])
        await writer.append(WRITTEN[20:])
        await store.close()
    async with postgres.store() as store:
        assert await read(store, stream) == WRITTEN


async def test_other_records_than_those_of_the_unknown_commit_are_refused(postgres, stream, monkeypatch):
    monkeypatch.setattr(postgres_writer, "PERSIST_S", 0.3)
    async with link_to(postgres.url) as link:
        store = PostgresLogStore(Database(link.url))
        writer = await store.open(stream)
        link.cut, link.down = "after", True
        with pytest.raises(DatabaseUnavailable):
            await writer.append(WRITTEN[:10])
        link.down = False
        with pytest.raises(LogCorrupt):
            await writer.append(WRITTEN[:12])
        await store.close()


async def test_a_canceled_append_leaves_a_writer_that_can_go_on(postgres, stream):
    async with postgres.store() as store:
        writer = await store.open(stream)
        for wait_s in (0, 0.001, 0.003):
            append = asyncio.create_task(writer.append(WRITTEN))
            await asyncio.sleep(wait_s)
            append.cancel()
            await asyncio.wait([append])
            if not append.cancelled():
                break
        else:
            await writer.append(WRITTEN)
        assert await read(store, stream) == WRITTEN


async def test_a_killed_server_loses_nothing_and_the_writer_does_not_notice(tmp_path):
    async with database(tmp_path, None) as server:
        store = PostgresLogStore(server)
        writer = await store.open("run/1")
        chain = Chain(epoch=1)
        written = []
        postmaster = tmp_path / "postgres" / "data" / "postmaster.pid"
        for within_s in (0.005, 0.02):
            pid = int(postmaster.read_text().split()[0])
            asyncio.get_running_loop().call_later(within_s, os.kill, pid, signal.SIGKILL)
            for _ in range(50):
                batch = chain.extend(entries(1, seed=chain.head.seq))
                await writer.append(batch)
                written += batch
            assert int(postmaster.read_text().split()[0]) != pid
        assert await read(store, "run/1") == written
        assert (await verify(store, "run/1", anchor=chain.head, ended=True)).ok
        await store.close()


async def test_a_live_owner_is_not_disturbed(postgres, stream):
    async with postgres.store() as store, postgres.store() as other:
        writer = await store.open(stream)
        with pytest.raises(Fenced, match=f"{os.getpid()}"):
            await other.open(stream)
        await writer.append(WRITTEN)
        await writer.close()
        assert (await other.open(stream)).epoch == 2


async def test_a_heartbeat_keeps_the_lease_and_notices_its_loss(postgres, stream, monkeypatch):
    monkeypatch.setattr(postgres_writer, "HEARTBEAT_S", 0.05)
    async with postgres.store() as store:
        first = await store.open(stream)
        await postgres.forget_the_living(stream)
        await asyncio.sleep(0.3)
        with pytest.raises(Fenced, match="is being written"):
            await store.open(stream)
        await first.append(WRITTEN[:10])

        first._heart.cancel()
        await postgres.forget_the_living(stream)
        second = await store.open(stream)
        first._heart = asyncio.create_task(first._beat())
        with pytest.raises(Fenced, match="taken over"):
            await asyncio.wait_for(first.watch(), 5)
        with pytest.raises(Fenced, match="taken over"):
            await first.append(WRITTEN[10:])
        await second.append(Chain(epoch=2, head=second.head).extend(entries(30)[10:]))


@pytest.fixture
def owner(postgres, stream):
    """Another process that appends to the stream as fast as it can."""
    with owner_of(stream, postgres.url) as process:
        yield process


async def test_a_stopped_owner_is_taken_over_from_and_ends_when_it_wakes(postgres, stream, owner):
    os.kill(owner.pid, signal.SIGSTOP)
    async with postgres.store() as store:
        with pytest.raises(Fenced):
            await store.open(stream)
        await postgres.forget_the_living(stream)
        writer = await store.open(stream)
        assert writer.epoch == 2
        os.kill(owner.pid, signal.SIGCONT)
        owner.said += map(int, owner.stdout)
        assert owner.wait(30) == Fenced.exit_code
        assert owner.said[-1] <= writer.head.seq
        await writer.append(Chain(epoch=2, head=writer.head).extend(entries(1)))
        assert (await verify(store, stream, anchor=writer.head, ended=True)).ok


async def test_a_killed_owner_is_replaced_at_once_and_all_it_was_told_is_there(postgres, stream, owner):
    owner.kill()
    owner.said += map(int, owner.stdout)
    async with postgres.store() as store:
        for _ in range(50):  # until its server process has noticed
            try:
                writer = await store.open(stream)
                break
            except Fenced:
                await asyncio.sleep(0.02)
        assert writer.epoch == 2
        assert writer.head.seq >= owner.said[-1]
        assert (await verify(store, stream, anchor=writer.head)).ok


async def test_no_message_shows_a_password():
    url = "postgresql://candled:s3cret@127.0.0.1:1/none"
    with pytest.raises(DatabaseUnavailable) as unavailable:
        await PostgresLogStore(Database(url)).open("run/1")
    shown = repr(unavailable.value) + str(unavailable.value) + unavailable.value.fix + repr(Database(url))
    assert "s3cret" not in shown


def _refused(written):
    return sum(record.type == "ReportRefused" for record in written)


async def _count(postgres, table, stream):
    connection = await asyncpg.connect(postgres.admin_url)
    try:
        return await connection.fetchval(
            f"SELECT count(*) FROM candled.{table} JOIN candled.streams s ON s.id = stream_id WHERE s.name = $1", stream
        )
    finally:
        await connection.close()

"""A database that is away, slow, locked, full or read-only: the same bytes are appended until they are there, once."""

import asyncio
import os
import signal
from contextlib import asynccontextmanager

import asyncpg
import pytest

from kernel.errors import DatabaseUnavailable, Fenced, UsageError
from service.database import connect
from service.database.connect import Database, database
from service.log import postgres_writer
from service.log.postgres import PostgresLogStore
from service.log.record import Chain
from service.log.verify import verify
from tests.service.journal import entries, records
from tests.service.link import link_to
from tests.service.servers import execute, in_database

WRITTEN = records(30)
FIRST, SECOND, REST = WRITTEN[:40], WRITTEN[40:60], WRITTEN[60:]
SILENCE_S = """
    SELECT extract(epoch FROM clock_timestamp() - l.heartbeat_at)::float8
      FROM candled.leases l JOIN candled.streams s ON s.id = l.stream_id WHERE s.name = $1
"""
END_SESSIONS = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{}' AND usename IS NOT NULL"


async def read(store, stream):
    return [record async for batch in store.records(stream) for record in batch]


async def persistent(writer, batch):
    """Append as a daemon does: whatever time the server takes. Gives how often it was told that there is none."""
    refusals = 0
    while True:
        try:
            await writer.append(batch)
        except DatabaseUnavailable:
            refusals += 1
        else:
            return refusals


@asynccontextmanager
async def session(url):
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


async def until(holds, within_s=10.0):
    async with asyncio.timeout(within_s):
        while not holds():  # noqa: ASYNC110 - what it looks at is another's
            await asyncio.sleep(0.01)


@pytest.fixture
def impatient(monkeypatch):
    """All that waits for seconds waits for parts of one."""
    monkeypatch.setattr(postgres_writer, "PERSIST_S", 0.2)
    monkeypatch.setattr(postgres_writer, "HEARTBEAT_S", 0.05)
    monkeypatch.setattr(postgres_writer, "RETRY_S", (0.01, 0.05))
    monkeypatch.setitem(connect._SESSION, "lock_timeout", "100ms")


@pytest.mark.parametrize("way", [signal.SIGTERM, signal.SIGKILL])
async def test_a_killed_session_is_replaced_and_nothing_is_lost_or_doubled(tmp_path, way):
    """Kill -9 of one server process ends all of them, and the server recovers before it answers again."""
    async with database(tmp_path, None) as server:
        store = PostgresLogStore(server)
        writer = await store.open("run/1")
        chain, written = Chain(epoch=1), []
        for within_s in (0, 0.01):
            pid = writer._connection.get_server_pid()
            asyncio.get_running_loop().call_later(within_s, os.kill, pid, way)
            while writer._connection is None or writer._connection.get_server_pid() == pid:
                batch = chain.extend(entries(1, seed=chain.head.seq))
                await writer.append(batch)
                written += batch
        assert await read(store, "run/1") == written
        await store.close()


async def test_a_slow_commit_is_waited_for(embedded, stream):
    async with link_to(embedded.url) as link:
        store = PostgresLogStore(Database(link.url))
        writer = await store.open(stream)
        link.commit_s = 0.3
        began = asyncio.get_running_loop().time()
        for batch in (FIRST, SECOND, REST):
            await writer.append(batch)
        assert asyncio.get_running_loop().time() - began > 0.9
        assert writer.unavailable is None
        await store.close()
    async with embedded.store() as store:
        assert await read(store, stream) == WRITTEN


async def test_a_commit_that_takes_too_long_is_looked_for_and_not_made_twice(embedded, stream, monkeypatch):
    monkeypatch.setattr(postgres_writer, "COMMIT_S", 0.15)
    async with link_to(embedded.url) as link:
        store = PostgresLogStore(Database(link.url))
        writer = await store.open(stream)
        for batch in (FIRST, SECOND, REST):
            link.commit_s = 0.5
            asyncio.get_running_loop().call_later(0.1, setattr, link, "commit_s", 0)
            await writer.append(batch)
        assert link.sessions > 3
        await store.close()
    async with embedded.store() as store:
        assert await read(store, stream) == WRITTEN
        assert (await verify(store, stream, anchor=writer.head, ended=True)).ok


async def test_a_locked_table_is_waited_for_and_the_lease_is_kept_meanwhile(embedded, stream, impatient, monkeypatch):
    """A migration, say. Had nobody renewed the lease between the tries, another owner could have taken it."""
    monkeypatch.setattr(postgres_writer, "PERSIST_S", 10)
    async with embedded.store() as store, session(embedded.admin_url) as monitor:
        writer = await store.open(stream)
        await writer.append(FIRST)
        silences = []
        async with session(embedded.admin_url) as locker, locker.transaction():
            await locker.execute("LOCK TABLE candled.events IN ACCESS EXCLUSIVE MODE")
            append = asyncio.create_task(writer.append(SECOND))
            for _ in range(20):
                await asyncio.sleep(0.05)
                silences.append(await monitor.fetchval(SILENCE_S, stream))
            assert not append.done()
        await append
        assert max(silences) < 0.7
        await writer.append(REST)
        assert await read(store, stream) == WRITTEN


@pytest.mark.parametrize("when", ["INITIALLY IMMEDIATE", "INITIALLY DEFERRED"], ids=["in the copy", "at commit"])
async def test_a_full_disk_is_waited_for_and_leaves_no_part_of_a_batch(own_home, stream, impatient, when):
    async with own_home.store() as store:
        writer = await store.open(stream)
        await writer.append(FIRST)
        await execute(
            own_home.admin_url,
            "CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            " RAISE 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$;"
            "CREATE CONSTRAINT TRIGGER no_room AFTER INSERT ON candled.events"
            f" DEFERRABLE {when} FOR EACH ROW WHEN (NEW.seq = 55) EXECUTE FUNCTION no_room()",
        )
        for _ in range(2):
            with pytest.raises(DatabaseUnavailable, match="no room"):
                await writer.append(SECOND)
        assert "no room" in str(writer.unavailable)
        assert await read(store, stream) == FIRST
        await execute(own_home.admin_url, "DROP TRIGGER no_room ON candled.events")
        await writer.append(SECOND)
        assert writer.unavailable is None
        await writer.append(REST)
        assert await read(store, stream) == WRITTEN


async def test_a_server_that_is_away_for_long_is_waited_for_and_the_heart_goes_on(embedded, stream, impatient):
    async with link_to(embedded.url) as link:
        store = PostgresLogStore(Database(link.url))
        writer = await store.open(stream)
        await writer.append(FIRST)
        link.cut, link.down = "after", True
        append = asyncio.create_task(persistent(writer, SECOND))
        await asyncio.sleep(1)
        assert not append.done()
        assert writer.unavailable is not None
        link.down = False
        assert await append >= 3
        await writer.append(REST)
        await until(lambda: writer.unavailable is None)
        await store.close()
    async with embedded.store() as store:
        assert await read(store, stream) == WRITTEN


async def test_an_idle_writer_knows_when_the_server_is_away_and_when_it_is_back(embedded, stream, impatient):
    async with link_to(embedded.url) as link:
        store = PostgresLogStore(Database(link.url))
        writer = await store.open(stream)
        link.down = True
        writer._connection.terminate()
        await until(lambda: writer.unavailable is not None)
        link.down = False
        await until(lambda: writer.unavailable is None)
        await writer.append(WRITTEN)
        await store.close()


@pytest.mark.parametrize("appending", [True, False], ids=["while it appends", "while it is idle"])
async def test_a_lease_that_was_taken_while_the_server_was_away_is_the_end(embedded, stream, impatient, appending):
    async with link_to(embedded.url) as link, embedded.store() as other:
        store = PostgresLogStore(Database(link.url))
        writer = await store.open(stream)
        await writer.append(FIRST)
        link.cut, link.down = ("before" if appending else ""), True
        end = asyncio.create_task(persistent(writer, SECOND) if appending else writer.watch())
        if not appending:
            writer._connection.terminate()
        await asyncio.sleep(0.3)
        await embedded.forget_the_living(stream)
        heir = await other.open(stream)
        assert heir.head.seq == FIRST[-1].seq
        link.down = False
        async with asyncio.timeout(5):
            with pytest.raises(Fenced):
                await end
        with pytest.raises(Fenced):
            await writer.append(SECOND)
        await heir.append(Chain(epoch=2, head=heir.head).extend(entries(30)[40:]))
        await store.close()


async def test_a_server_that_lets_us_in_no_more_is_no_silent_death_of_the_heart(own_home, stream, impatient):
    admin = in_database(own_home.server.admin_url, "postgres")
    async with own_home.store() as store:
        writer = await store.open(stream)
        watch = asyncio.create_task(writer.watch())
        renamed = False
        while not renamed:
            await execute(admin, END_SESSIONS.format(own_home.name))
            try:
                await execute(admin, f"ALTER DATABASE {own_home.name} RENAME TO gone_{own_home.name}")
                renamed = True
            except asyncpg.ObjectInUseError:
                pass  # the heart was faster
        async with asyncio.timeout(5):
            with pytest.raises(UsageError, match="does not exist"):
                await watch
        with pytest.raises(UsageError, match="does not exist"):
            await writer.append(FIRST)


async def test_a_heart_that_stopped_is_the_end_though_appending_would_work(own_home, stream, impatient):
    async with own_home.store() as store:
        writer = await store.open(stream)
        watch = asyncio.create_task(writer.watch())
        await writer.append(FIRST)
        await execute(own_home.admin_url, "DROP FUNCTION candled.keep_lease")
        async with asyncio.timeout(5):
            with pytest.raises(asyncpg.UndefinedFunctionError):
                await watch
        with pytest.raises(asyncpg.UndefinedFunctionError):
            await writer.append(SECOND)
        assert await read(store, stream) == FIRST


async def test_a_server_that_became_read_only_is_waited_for(own_home, stream, impatient):
    """What a primary that was demoted says; another connection finds the one that is primary now."""
    admin = in_database(own_home.server.admin_url, "postgres")
    async with own_home.store() as store:
        writer = await store.open(stream)
        await writer.append(FIRST)
        await execute(admin, f"ALTER DATABASE {own_home.name} SET default_transaction_read_only = on")
        async with writer._turn:
            await writer._connection.execute("SET default_transaction_read_only = on")
        append = asyncio.create_task(persistent(writer, SECOND))
        await asyncio.sleep(0.5)
        assert not append.done()
        await execute(admin, f"ALTER DATABASE {own_home.name} RESET default_transaction_read_only")
        assert await append >= 1
        await writer.append(REST)
        assert await read(store, stream) == WRITTEN

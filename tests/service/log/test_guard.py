"""What the database itself refuses: of the role candled, and of anybody who writes past the writer."""

import asyncpg
import pytest

from service.log.record import chained_hash
from service.log.verify import verify
from tests.service.journal import records

COLUMNS = ("stream_id", "seq", "epoch", "type", "schema_version", "ts", "payload", "prev_hash", "hash")


def rows(stream_id, written):
    made, previous = [], bytes(32)
    for record in written:
        made.append([stream_id, *record[:6], previous, record.hash])
        previous = record.hash
    return made


async def copy(connection, table_rows):
    await connection.copy_records_to_table("events", schema_name="candled", columns=COLUMNS, records=table_rows)


@pytest.mark.parametrize(
    ("code", "forge"),
    [
        ("ES001", lambda rows: [[*row[:2], 2, *row[3:]] for row in rows]),
        ("ES001", lambda rows: [*rows[:40], [*rows[40][:2], 2, *rows[40][3:]], *rows[41:]]),
        ("ES002", lambda rows: rows[1:]),
        ("ES002", lambda rows: rows[:40] + rows[41:]),
        ("ES002", lambda rows: [[0, *row[1:]] if i == 40 else row for i, row in enumerate(rows)]),
        ("ES003", lambda rows: [[*row[:7], bytes(32), row[8]] if i == 40 else row for i, row in enumerate(rows)]),
        ("ES004", lambda rows: [[*row[:8], bytes(32)] if i == 40 else row for i, row in enumerate(rows[:41])]),
        ("ES004", lambda rows: [[*row[:5], row[5] + 1, *row[6:]] if i == 40 else row for i, row in enumerate(rows)]),
        ("ES004", lambda rows: [[*row[:6], b"{}", *row[7:]] if i == 40 else row for i, row in enumerate(rows)]),
        ("23505", lambda rows: [*rows, rows[40]]),
    ],
)
async def test_the_guard_refuses_a_bad_batch_whole(postgres, stream, code, forge):
    written = records(20)
    async with postgres.store() as store, postgres.database.session() as connection:
        writer = await store.open(stream)
        stream_id = await connection.fetchval("SELECT id FROM candled.streams WHERE name = $1", stream)
        honest = rows(stream_id, written)
        with pytest.raises(asyncpg.PostgresError) as refused:
            async with connection.transaction():
                await copy(connection, forge(honest))
        assert refused.value.sqlstate == code
        assert await connection.fetchval("SELECT count(*) FROM candled.events WHERE stream_id = $1", stream_id) == 0
        await copy(connection, honest)
        await writer.close()
        assert (await verify(store, stream, anchor=None)).records == len(written)


async def test_the_guard_refuses_a_second_batch_that_leaves_a_gap_or_breaks_the_chain(postgres, stream):
    written = records(20)
    async with postgres.store() as store, postgres.database.session() as connection:
        writer = await store.open(stream)
        await writer.append(written[:50])
        stream_id = await connection.fetchval("SELECT id FROM candled.streams WHERE name = $1", stream)
        following = rows(stream_id, written)[50:]
        detached = written[50]._replace(hash=chained_hash(bytes(32), written[50]))
        for batch, code in (
            (following[1:], "ES002"),
            ([[*following[0][:7], bytes(32), detached.hash]], "ES003"),
            ([[*following[0][:8], detached.hash]], "ES004"),
        ):
            with pytest.raises(asyncpg.PostgresError) as refused:
                await copy(connection, batch)
            assert refused.value.sqlstate == code
        await writer.append(written[50:])
        await writer.close()
        with pytest.raises(asyncpg.PostgresError) as refused:
            await copy(connection, [[*following[0][:1], len(written) + 1, *following[0][2:]]])
        assert refused.value.sqlstate == "ES001", "the lease was given back"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE candled.events SET ts = 0",
        "DELETE FROM candled.events",
        "TRUNCATE candled.events",
        "DROP TABLE candled.events",
        "ALTER TABLE candled.events DISABLE TRIGGER ALL",
        "ALTER TABLE candled.events ADD COLUMN more text",
        "DROP TRIGGER guard_append ON candled.events",
        "CREATE OR REPLACE FUNCTION candled.guard_append() RETURNS trigger LANGUAGE sql AS ''",
        "UPDATE candled.leases SET epoch = 9",
        "INSERT INTO candled.leases (stream_id, epoch) VALUES (1, 1)",
        "DELETE FROM candled.leases",
        "INSERT INTO candled.streams (name) VALUES ('mine')",
        "UPDATE candled.streams SET name = 'mine'",
        "UPDATE candled.alembic_version SET version_num = '0000'",
        "CREATE TABLE candled.mine (a int)",
        "DROP SCHEMA candled CASCADE",
        "CREATE ROLE mine",
    ],
)
async def test_the_role_candled_may_not(postgres, statement):
    async with postgres.database.session() as connection:
        assert await connection.fetchval("SELECT current_user::text") == "candled"
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)


@pytest.mark.parametrize(
    "statement", ["UPDATE candled.events SET ts = 0", "DELETE FROM candled.events", "TRUNCATE candled.events"]
)
async def test_not_even_the_owner_changes_a_record(postgres, statement):
    connection = await asyncpg.connect(postgres.admin_url)
    try:
        with pytest.raises(asyncpg.PostgresError) as refused:
            await connection.execute(statement)
        assert refused.value.sqlstate == "ES005"
    finally:
        await connection.close()


async def test_other_roles_see_nothing(postgres):
    connection = await asyncpg.connect(postgres.admin_url)
    try:
        await connection.execute("CREATE ROLE passer_by; SET ROLE passer_by")
        for statement in ("SELECT * FROM candled.events", "SELECT candled.take_lease('x', 'y')"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)
        await connection.execute("RESET ROLE; DROP ROLE passer_by")
    finally:
        await connection.close()


async def test_functions_that_run_as_the_owner_have_a_fixed_path(postgres):
    connection = await asyncpg.connect(postgres.admin_url)
    try:
        paths = await connection.fetch(
            "SELECT proname, proconfig FROM pg_proc WHERE pronamespace = 'candled'::regnamespace AND prosecdef"
        )
    finally:
        await connection.close()
    assert {name for name, _ in paths} == {"guard_append", "take_lease", "keep_lease", "release_lease", "hold_stream"}
    assert all(config == ["search_path=pg_catalog, pg_temp"] for _, config in paths)

"""The migrations make what tables.py says, can be taken back, and are asked for where they are missing."""

import asyncio
import subprocess
import sys
from contextlib import asynccontextmanager
from decimal import Decimal

import asyncpg
import pytest
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateTable

from kernel.errors import UsageError
from kernel.events import OrderRequested
from kernel.messages import OrderFilled
from migrations import DIRECTORY, REVISION
from service.database.connect import database
from service.database.tables import metadata
from service.database.upgrade import _rendered, downgrade, upgrade
from service.log.record import Chain
from tests.service.servers import execute, in_database

COLUMNS = """
    SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, a.attgenerated,
           pg_get_expr(d.adbin, d.adrelid)
      FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
      LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
     WHERE c.relnamespace = 'candled'::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
     ORDER BY c.relname, a.attnum
"""
CONSTRAINTS = """
    SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
     WHERE connamespace = 'candled'::regnamespace AND contype <> 'n' ORDER BY 1, 2
"""
REST = """
    SELECT 'index', indexname, indexdef FROM pg_indexes WHERE schemaname = 'candled'
    UNION SELECT 'function', oid::regprocedure::text, md5(prosrc) FROM pg_proc
     WHERE pronamespace = 'candled'::regnamespace
    UNION SELECT 'trigger', tgname, pg_get_triggerdef(oid) FROM pg_trigger
     WHERE tgrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'candled'::regnamespace) AND NOT tgisinternal
    UNION SELECT 'grant', relname, relacl::text FROM pg_class WHERE relnamespace = 'candled'::regnamespace
    ORDER BY 1, 2
"""


@pytest.fixture(params=["embedded_server", "external_server"])
def server(request):
    return request.getfixturevalue(request.param)


@asynccontextmanager
async def session(url):
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


async def described(url, *queries):
    async with session(url) as connection:
        return [tuple(row) for query in queries for row in await connection.fetch(query)]


async def empty_database(server):
    return in_database(server.admin_url, await server.make_database())


async def test_the_migrations_make_the_tables_of_the_metadata(server):
    migrated, made = await empty_database(server), await empty_database(server)
    await upgrade(migrated)
    ddl = ";".join(str(CreateTable(t).compile(dialect=postgresql.dialect())) for t in metadata.sorted_tables)
    await execute(made, f"CREATE SCHEMA candled; {ddl}")
    found = [row for row in await described(migrated, COLUMNS, CONSTRAINTS) if "alembic_version" not in row[0]]
    assert found == await described(made, COLUMNS, CONSTRAINTS)


async def test_down_and_up_again_gives_the_same_schema(server):
    url = await empty_database(server)
    assert await upgrade(url) == (None, REVISION)
    assert await upgrade(url) == (REVISION, REVISION)
    before = await described(url, COLUMNS, CONSTRAINTS, REST)
    await downgrade(url)
    assert await described(url, "SELECT nspname FROM pg_namespace WHERE nspname = 'candled'") == []
    await upgrade(url)
    assert await described(url, COLUMNS, CONSTRAINTS, REST) == before


async def test_rows_of_before_a_step_become_what_rebuilding_gives(server):
    """The orders of step 0001 said less: they are those that today leave the rest at its default."""
    postgres = await server.make_home()
    request = OrderRequested(1, "s", "A/B", 1, 1, "buy", "market", Decimal(2))
    fill = OrderFilled(2, 1, 1, "t", Decimal(9), Decimal(1), Decimal(0), "B")
    async with postgres.store() as store:
        writer = await store.open("a/1")
        await writer.append(Chain(epoch=1).extend([request, fill]))
        await writer.close()
    rows = ["SELECT * FROM candled.orders", "SELECT * FROM candled.fills"]
    schema, found = [await described(postgres.admin_url, *queries) for queries in ((COLUMNS, CONSTRAINTS, REST), rows)]
    assert len(found) == 2
    await execute(postgres.admin_url, _rendered(REVISION, "0001"))
    assert [len(row) for row in await described(postgres.admin_url, *rows)] == [14, 10]
    assert await upgrade(postgres.admin_url) == ("0001", REVISION)
    assert await described(postgres.admin_url, *rows) == found
    assert await described(postgres.admin_url, COLUMNS, CONSTRAINTS, REST) == schema


async def test_a_writer_may_do_with_every_projection_what_it_may_with_orders(server):
    postgres = await server.make_home()
    allowed = """
        SELECT t, array_agg(p ORDER BY p)
          FROM unnest(ARRAY['orders', 'fills', 'positions', 'decisions', 'equity', 'trading_states']) t,
               unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE']) p
         WHERE has_table_privilege('candled', 'candled.' || t, p) GROUP BY t
    """
    found = await described(postgres.admin_url, allowed)
    assert [privileges for _, privileges in found] == [["DELETE", "INSERT", "SELECT", "UPDATE"]] * 6


async def test_two_upgrades_at_once_make_one_schema(server):
    url = await empty_database(server)
    befores = {before for before, _ in await asyncio.gather(upgrade(url), upgrade(url))}
    assert befores == {None, REVISION}


def test_the_revision_is_the_newest_step():
    assert max(path.name for path in (DIRECTORY / "versions").glob("[0-9]*.py")).startswith(f"{REVISION}_")


async def test_a_schema_that_is_missing_or_newer_is_refused(server, tmp_path):
    name = await server.make_database()
    url = in_database(server.admin_url, name)
    with pytest.raises(UsageError) as missing:
        async with database(tmp_path, url):
            pass
    assert missing.value.fix == "candled db upgrade"
    async with database(tmp_path, url, admin_url=url):
        pass
    await execute(url, "UPDATE candled.alembic_version SET version_num = '9999'")
    for attempt in (lambda: upgrade(url), lambda: database(tmp_path, url).__aenter__()):
        with pytest.raises(UsageError, match="9999"):
            await attempt()


async def test_a_role_that_may_not_make_the_schema_is_told_so(server):
    name = await server.make_database()
    await execute(server.admin_url, "CREATE ROLE newcomer LOGIN PASSWORD 'newcomer'")
    try:
        url = in_database(server.admin_url, name)
        host = url.partition("@")[2]
        with pytest.raises(UsageError, match="permission denied"):
            await upgrade(f"postgresql://newcomer:newcomer@{host}")
        await upgrade(url)
        with pytest.raises(UsageError) as refused:
            async with database(DIRECTORY, f"postgresql://newcomer:newcomer@{host}") as found, found.session():
                pass
        assert "GRANT candled TO" in refused.value.fix
        await execute(url, "GRANT candled TO newcomer")
        async with database(DIRECTORY, f"postgresql://newcomer:newcomer@{host}") as found, found.session() as connected:
            assert await connected.fetchval("SELECT current_user::text") == "candled"
    finally:
        await execute(server.admin_url, "DROP ROLE newcomer")


@pytest.mark.parametrize(("setting", "value"), [("synchronous_commit", "off"), ("synchronous_commit", "local")])
async def test_a_server_that_could_lose_commits_is_refused(server, tmp_path, setting, value):
    name = await server.make_database()
    url = in_database(server.admin_url, name)
    await upgrade(url)
    await execute(url, f"ALTER DATABASE {name} SET {setting} = {value}")
    with pytest.raises(UsageError, match=f"{setting} = {value}"):
        async with database(tmp_path, url):
            pass


async def test_a_garbling_encoding_is_refused(server, tmp_path):
    name = await server.make_database()
    await execute(server.admin_url, f"CREATE DATABASE {name}_ascii TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C'")
    url = in_database(server.admin_url, f"{name}_ascii")
    await upgrade(url)
    with pytest.raises(UsageError, match="server_encoding = SQL_ASCII"):
        async with database(tmp_path, url):
            pass


@pytest.mark.parametrize(
    "url",
    [
        "mysql://u:s3cret@h/d",
        "postgresql://u:s3cret@h:port/d",
        "s3cret",
        "postgresql://u:s3cret@[h/d",
        "",
        "sqlite:///x",
    ],
)
async def test_a_url_that_is_none_is_refused_without_showing_it(tmp_path, url):
    with pytest.raises(UsageError) as refused:
        async with database(tmp_path, url):
            pass
    assert "s3cret" not in str(refused.value) + refused.value.fix


async def test_a_wrong_password_or_database_is_a_usage_error(server, tmp_path):
    host = server.admin_url.partition("@")[2]
    for url in (f"postgresql://candled_admin:s3cret@{host}", in_database(server.admin_url, "no_such_database")):
        with pytest.raises(UsageError) as refused:
            async with database(tmp_path, url):
                pass
        assert "s3cret" not in str(refused.value) + refused.value.fix


def test_the_steps_are_found_from_anywhere():
    rendered = "from service.database.upgrade import _rendered; print(_rendered(None, '0001'))"
    shown = subprocess.run([sys.executable, "-c", rendered], cwd="/", capture_output=True, text=True, check=True)
    assert "CREATE TABLE candled.events" in shown.stdout
    assert "CREATE TRIGGER guard_append".casefold() in shown.stdout.casefold()

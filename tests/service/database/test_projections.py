"""Projections: whatever the batches were, the tables say the same, and rebuilding changes nothing."""

from collections import Counter
from decimal import Decimal, localcontext

import asyncpg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel.errors import Fenced
from kernel.events import OrderRequested, PositionChanged, ReportRefused
from kernel.messages import OrderFilled
from service.database.projections import rebuild
from service.database.rows import Rows
from service.log.record import Chain
from tests.service.journal import batch_sizes, in_batches, turns

TURNS = turns(60, seed=5)
ENTRIES = list(enumerate((entry for turn in TURNS for entry in turn), 1))
TABLES = ("orders", "fills", "positions", "decisions", "equity")


def folded(batches):
    """The rows after these batches, each of which begins from what the former left."""
    orders, positions, added = {}, {}, []
    for batch in batches:
        rows = Rows(7, batch)
        rows.stands(
            [orders[key] for key in rows.order_ids() if key in orders],
            [row for row in positions.values() if row.symbol in rows.symbols()],
        )
        rows.fold()
        orders |= rows.orders
        positions |= rows.positions
        added += [*rows.fills, *rows.decisions, *rows.equity]
    return orders, positions, sorted(added, key=lambda row: row.seq)


def whole_turns(sizes):
    """The numbered entries, in batches of so many turns."""
    numbered = iter(ENTRIES)
    return [[next(numbered) for turn in batch for _ in turn] for batch in in_batches(TURNS, sizes)]


@settings(deadline=None)
@given(sizes=batch_sizes)
def test_batches_do_not_matter(sizes):
    assert folded(whole_turns(sizes)) == folded([ENTRIES])


def test_the_rows_are_those_that_plain_counting_gives():
    orders, positions, added = folded([ENTRIES])
    refused = {seq - 1 for seq, entry in ENTRIES if isinstance(entry, ReportRefused)}
    fills = [entry for seq, entry in ENTRIES if isinstance(entry, OrderFilled) and seq not in refused]
    booked = Counter()
    for fill in fills:
        booked[fill.order] += fill.quantity
    for order in orders.values():
        assert order.filled_quantity == booked[order.order_id]
        assert (order.state == "filled") == (order.filled_quantity == order.quantity)
    assert Counter(order.state for order in orders.values()).keys() >= {"filled", "canceled", "rejected", "unknown"}
    assert len(orders) == sum(isinstance(entry, OrderRequested) for _, entry in ENTRIES)
    assert [row.trade_id for row in added if hasattr(row, "trade_id")] == [fill.trade_id for fill in fills]
    profits = Counter()
    for _, entry in ENTRIES:
        if isinstance(entry, PositionChanged):
            profits[entry.symbol] += entry.realized_profit
    assert {symbol: row.realized_profit for (_, symbol), row in positions.items()} == dict(profits)


def test_the_ambient_decimal_context_does_not_matter():
    with localcontext() as context:
        context.prec = 3
        poisoned = folded([ENTRIES])
    assert poisoned == folded([ENTRIES])


@given(kept=st.sets(st.sampled_from(range(len(ENTRIES)))))
def test_reports_that_fit_no_order_change_none(kept):
    """Half a log is no kernel's, but a projection must never be what stops an append."""
    folded([[ENTRIES[place] for place in sorted(kept)]])


async def contents(postgres):
    connection = await asyncpg.connect(postgres.admin_url)
    try:
        return {
            table: [tuple(row) for row in await connection.fetch(f"SELECT * FROM candled.{table} ORDER BY 1, 2, 3")]
            for table in TABLES
        }
    finally:
        await connection.close()


@pytest.fixture(params=["embedded_server", "external_server"])
def server(request):
    return request.getfixturevalue(request.param)


async def test_incremental_equals_rebuilt_and_equals_the_fold(server, monkeypatch):
    postgres = await server.make_home()
    async with postgres.store() as store:
        for name, sizes in (("a/1", [1]), ("b/1", [3, 1, 7]), ("c/1", [1_000])):
            writer = await store.open(name)
            chain = Chain(epoch=1)
            for batch in in_batches(TURNS, sizes):
                await writer.append(chain.extend([entry for turn in batch for entry in turn]))
            await writer.close()
    incremental = await contents(postgres)
    assert all(incremental.values())

    orders, positions, added = folded([ENTRIES])
    async with postgres.database.session() as connection:
        for table, expected in (("orders", orders), ("positions", positions)):
            row = type(next(iter(expected.values())))
            found = await connection.fetch(f"SELECT {', '.join(row._fields)} FROM candled.{table} WHERE stream_id = 1")
            assert {tuple(row)[1:] for row in found} == {tuple(row)[1:] for row in expected.values()}
        at = await connection.fetch("SELECT ts, at FROM candled.fills WHERE stream_id = 1 ORDER BY seq LIMIT 5")
        assert all(round(moment.timestamp() * 1e6) == ts // 1_000 for ts, moment in at)
    assert len(added) == sum(len(incremental[table]) for table in ("fills", "decisions", "equity")) / 3

    await postgres.forge(
        "DELETE FROM candled.fills", "UPDATE candled.orders SET state = 'x'", "TRUNCATE candled.equity"
    )
    monkeypatch.setattr("service.database.projections._FETCH", 7)  # so that turns are cut in two
    async with postgres.database.session(answer_s=None) as connection:
        read = []
        assert await rebuild(connection, read.append) == 3
    assert sum(read) == 3 * len(ENTRIES)
    assert await contents(postgres) == incremental


async def test_rebuilding_leaves_a_stream_with_a_live_writer_alone(server):
    postgres = await server.make_home()
    async with postgres.store() as store:
        writer = await store.open("a/1")
        await writer.append(Chain(epoch=1).extend([entry for turn in TURNS for entry in turn]))
        before = await contents(postgres)
        with pytest.raises(Fenced):
            async with postgres.database.session() as connection:
                await rebuild(connection)
        assert await contents(postgres) == before


def test_money_is_exact_to_the_last_digit():
    fill = OrderFilled(1, 1, 1, "t", Decimal("0.1"), Decimal("1E-30"), Decimal(0), "USDT")
    request = OrderRequested(0, "s", "A/B", 1, 1, "buy", "market", Decimal(10**20))
    orders, _, _ = folded([[(1, request), (2, fill), (3, fill)]])
    assert str(orders[1].filled_quantity) == "2E-30"

"""Projections: whatever the batches were, the tables say the same, and rebuilding changes nothing."""

from collections import defaultdict
from decimal import Decimal, localcontext

import asyncpg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel.errors import Fenced
from kernel.events import OrderRequested, PositionChanged, ReportRefused, TradingStateChanged
from kernel.messages import OrderCanceled, OrderFilled, OrderUnknown
from kernel.money import add
from kernel.orders import TERMINAL
from service.database.projections import projected, rebuild
from service.database.rows import Rows
from service.log.record import Chain
from tests.campaign import sample
from tests.service.database.lived import live
from tests.service.journal import batch_sizes, in_batches

TURNS = live(300, seed=14).turns
TABLES = ("orders", "fills", "positions", "decisions", "equity", "trading_states")


def numbered(turns):
    return list(enumerate((entry for turn in turns for entry in turn), 1))


ENTRIES = numbered(TURNS)


def with_their_replacements(orders, named):
    """As the database hands them out: also those that replace, or are replaced by, an order that is named."""
    replaced = {orders[key].replaces for key in named if key in orders}
    chain = set(named)
    for key in sorted(orders):
        if orders[key].replaces in chain:
            chain.add(key)
    return [row for key, row in orders.items() if key in chain or key in replaced]


def folded(batches):
    """The rows after these batches, each of which begins from what the former left."""
    orders, positions, added = {}, {}, []
    for batch in batches:
        rows = Rows(7, batch)
        rows.stands(
            with_their_replacements(orders, rows.order_ids()),
            [row for row in positions.values() if row.symbol in rows.symbols()],
        )
        rows.fold()
        orders |= rows.orders
        positions |= rows.positions
        added += [*rows.fills, *rows.decisions, *rows.equity, *rows.trading_states]
    return orders, positions, sorted(added, key=lambda row: row.seq)


def whole_turns(sizes):
    """The numbered entries, in batches of so many turns."""
    entries = iter(ENTRIES)
    return [[next(entries) for turn in batch for _ in turn] for batch in in_batches(TURNS, sizes)]


@settings(deadline=None)
@given(sizes=batch_sizes)
def test_batches_do_not_matter(sizes):
    assert folded(whole_turns(sizes)) == folded([ENTRIES])


@settings(deadline=None, max_examples=sample(10))
@given(seed=st.integers(0, 10_000))
def test_the_rows_say_what_the_kernel_knows(seed):
    """Of every order and position; and each booked trade is a fill, each other one is none."""
    kernel, turns = live(120, seed)
    orders, positions, added = folded([numbered(turns)])
    known = kernel.state.orders | kernel.state.ended
    assert {(n, o.state, o.filled, o.quarantined) for n, o in known.items()} == {
        (row.order_id, row.state, row.filled_quantity, row.quarantined) for row in orders.values()
    }
    assert {n: o.trade_ids for n, o in known.items() if o.trade_ids} == grouped(
        (row.order_id, row.trade_id) for row in added if hasattr(row, "trade_id")
    )
    for (strategy, symbol), row in positions.items():
        position = kernel.state.books[strategy].positions[symbol]
        assert (row.quantity, row.cost) == (position.quantity, position.cost)


def grouped(pairs):
    groups = defaultdict(list)
    for key, value in pairs:
        groups[key].append(value)
    return groups


def test_the_rows_are_those_that_plain_reading_gives():
    orders, positions, added = folded([ENTRIES])
    requests = [entry for _, entry in ENTRIES if isinstance(entry, OrderRequested)]
    renamed = {"order": "order_id", "group": "group_id"}
    for request, row in zip(requests, orders.values(), strict=True):
        for name in set(request.__struct_fields__) - {"candle", "advance_at", "advance_to"}:
            none_is_zero = name in {"expires_at", "parent", "group", "replaces"}
            value = getattr(request, name)
            assert getattr(row, renamed.get(name, name)) == (value or None if none_is_zero else value)
    profits = defaultdict(Decimal)
    for _, entry in ENTRIES:
        if isinstance(entry, PositionChanged):
            key = entry.strategy, entry.symbol
            profits[key] = add(profits[key], entry.realized_profit)
    assert {key: row.realized_profit for key, row in positions.items()} == profits
    refused = {seq - 1 for seq, entry in ENTRIES if isinstance(entry, ReportRefused)}
    for kind in (OrderFilled, TradingStateChanged):
        told = {seq: entry for seq, entry in ENTRIES if isinstance(entry, kind) and seq not in refused}
        rows = {row.seq: row for row in added if row.seq in told}
        assert told.keys() == rows.keys()
        for name in set(kind.__struct_fields__) - {"after", "order", "until"}:
            assert [getattr(row, name) for row in rows.values()] == [getattr(e, name) for e in told.values()]


def test_the_lives_of_these_tests_have_every_turn_that_an_order_can_take():
    orders, states = [], []
    for seed in range(11, 19):
        rows, positions, added = folded([numbered(live(600, seed).turns)])
        assert {strategy for strategy, _ in positions} == {"bracketed", "timed", "plain"}
        orders += [(row, rows.get(row.replaces)) for row in rows.values()]
        states += [row for row in added if hasattr(row, "flatten")]
    assert {row.state for row, _ in orders} >= TERMINAL | {"canceling", "open"}
    assert {row.purpose for row, _ in orders} >= {"entry", "exit", "stop", "target", "trailing", "time", "command"}
    assert any(row.quarantined and row.state == "canceled" and row.filled_quantity for row, _ in orders)
    assert any(replaced and replaced.filled_quantity for _, replaced in orders)
    assert {row.state for row in states} == {"active", "reducing", "halted"}
    assert {row.until is None for row in states} == {row.flatten for row in states} == {True, False}


def test_what_is_heard_after_an_orders_end_does_not_change_why_it_ended():
    request = OrderRequested(0, "s", "A/B", 1, 1, "buy", "market", Decimal(2))
    fill = OrderFilled(4, 1, 1, "t", Decimal(9), Decimal(1), Decimal(0), "B")
    turns = [request, OrderUnknown(2, 1, 1, "timeout"), OrderCanceled(3, 1, 1, "by_us"), fill]
    orders, _, added = folded([list(enumerate([*turns, OrderUnknown(5, 1, 1, "timeout")], 1))])
    assert (orders[1].state, orders[1].reason, orders[1].filled_quantity, len(added)) == ("canceled", "by_us", 1, 1)


def test_an_order_takes_over_what_the_one_that_it_replaces_had_filled():
    """Also what is filled late: it is gone from what is left of both."""
    old = OrderRequested(0, "s", "A/B", 1, 1, "buy", "limit", Decimal(4), price=Decimal(9))
    new = OrderRequested(2, "s", "A/B", 1, 2, "buy", "limit", Decimal(4), price=Decimal(8), replaces=1)
    parts = [OrderFilled(at, 1, 1, f"t{at}", Decimal(9), Decimal(1), Decimal(0), "B") for at in (1, 3)]
    for batches in ([[old, parts[0], new, parts[1]]], [[old], [parts[0]], [new], [parts[1]]]):
        seq = iter(range(1, 5))
        orders, _, _ = folded([[(next(seq), entry) for entry in batch] for batch in batches])
        assert [(row.state, row.filled_quantity) for row in orders.values()] == [("canceling", 2), ("requested", 2)]


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
    only_added = ("fills", "decisions", "equity", "trading_states")
    assert 3 * len(added) == sum(len(incremental[table]) for table in only_added)

    await postgres.forge(
        "DELETE FROM candled.fills",
        "UPDATE candled.orders SET state = 'x', quarantined = NOT quarantined",
        "TRUNCATE candled.equity",
        "UPDATE candled.trading_states SET seq = seq + 1000000",
    )
    monkeypatch.setattr("service.database.projections._FETCH", 7)  # so that turns are cut in two
    async with postgres.database.session(answer_s=None) as connection:
        read = []
        assert await rebuild(connection, read.append) == 3
    assert sum(read) == 3 * len(ENTRIES)
    assert await contents(postgres) == incremental


MANY_ORDERS = """
    INSERT INTO candled.orders (stream_id, order_id, seq, ts, strategy, symbol, side, kind, quantity, filled_quantity,
                                state, purpose, time_in_force, post_only, reduce_only, replaces, quarantined)
    SELECT 1, n, n, n, 's', 'A/B', 'buy', 'limit', 2, 0, 'open', 'entry', 'gtc', false, false,
           CASE WHEN n % 10 = 0 THEN n - 1 END, false
    FROM generate_series(1, 20000) AS n
"""
WAS_READ = "SELECT seq_tup_read, idx_tup_fetch FROM pg_stat_xact_user_tables WHERE relname = 'orders'"


@pytest.mark.parametrize("analyzed", [False, True])
@pytest.mark.parametrize("replaced", [1_999, 2_000])
async def test_a_report_reads_its_own_orders_however_many_there_are(server, analyzed, replaced):
    postgres = await server.make_home()
    await postgres.forge(MANY_ORDERS, *(["ANALYZE candled.orders"] if analyzed else []))
    fill = OrderFilled(1, 1, replaced, "t", Decimal(9), Decimal(1), Decimal(0), "B")
    async with postgres.database.session() as connection, connection.transaction():
        orders, *_ = await projected(connection, 1, [(20_001, fill)])
        scanned, found = await connection.fetchrow(WAS_READ)
    assert {row.order_id for row in orders.rows} == {1_999: {1_999, 2_000}, 2_000: {2_000}}[replaced]
    assert (scanned, found < 10) == (0, True)


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

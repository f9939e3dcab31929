"""The projections' tables, kept with the log: written in the transaction of the append, or all made anew from the log.

A batch takes out the orders and positions that it touches, folds (rows.py), and puts everything back by COPY.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from asyncpg import Connection

from kernel.codec import MESSAGE_TYPES, decode
from service.database.row_types import DecisionRow, EquityRow, FillRow, OrderRow, PositionRow, TradingStateRow
from service.database.rows import PROJECTED, Entry, Rows

__all__ = ["project", "rebuild"]

# An order's report changes the order that replaces it, and the rejection of that one the first again.
# The numbers come as an array of their own, so that rows are found by the key, however many orders there are.
_NAMED = (
    "order_id = any(ARRAY(WITH RECURSIVE chain (number) AS (SELECT unnest($2::bigint[]) UNION SELECT o.order_id "
    "FROM candled.orders o JOIN chain ON o.replaces = chain.number WHERE o.stream_id = $1) SELECT number FROM chain "
    "UNION ALL SELECT coalesce(replaces, 0) FROM candled.orders WHERE stream_id = $1 AND order_id = any($2)))"
)
_FETCH = 10_000


async def project(connection: Connection, stream_id: int, entries: Sequence[Entry]) -> None:
    """Bring the projections up to date with a batch of whole turns, within the caller's transaction."""
    rows = Rows(stream_id, entries)
    rows.stands(
        await _take_out(connection, "orders", OrderRow, _NAMED, stream_id, rows.order_ids()),
        await _take_out(connection, "positions", PositionRow, "symbol = any($2)", stream_id, rows.symbols()),
    )
    rows.fold()
    await _put(connection, "orders", OrderRow, list(rows.orders.values()))
    await _put(connection, "positions", PositionRow, list(rows.positions.values()))
    await _put(connection, "fills", FillRow, rows.fills)
    await _put(connection, "decisions", DecisionRow, rows.decisions)
    await _put(connection, "equity", EquityRow, rows.equity)
    await _put(connection, "trading_states", TradingStateRow, rows.trading_states)


async def rebuild(connection: Connection, progress: Callable[[int], None] | None = None) -> int:
    """Make every stream's projections anew; gives the number of streams. Nobody may write to them meanwhile.

    Errors: Fenced while a stream has a live writer. `progress` is called with the number of records read since.
    """
    streams = await connection.fetch("SELECT id FROM candled.streams ORDER BY id")
    for (stream_id,) in streams:
        async with connection.transaction():
            await connection.execute("SELECT candled.hold_stream($1)", stream_id)
            await _rebuild_stream(connection, stream_id, progress)
    return len(streams)


async def _rebuild_stream(connection: Connection, stream_id: int, progress: Callable[[int], None] | None) -> None:
    for table in ("orders", "positions", "fills", "decisions", "equity", "trading_states"):
        await connection.execute(f"DELETE FROM candled.{table} WHERE stream_id = $1", stream_id)  # noqa: S608 - ours
    cursor = await connection.cursor(
        "SELECT seq, type, schema_version, payload FROM candled.events WHERE stream_id = $1 ORDER BY seq", stream_id
    )
    turn: list[_Logged] = []  # the last one that was read: its other half may be in the next fetch
    while fetched := await cursor.fetch(_FETCH):
        read = [*turn, *(_Logged(*row) for row in fetched)]
        cut = max((i for i, record in enumerate(read) if record.type in MESSAGE_TYPES), default=0)
        turn = read[cut:]
        await project(connection, stream_id, _entries(read[:cut]))
        if progress:
            progress(len(fetched))
    await project(connection, stream_id, _entries(turn))


class _Logged(NamedTuple):
    seq: int
    type: str
    schema_version: int
    payload: bytes


def _entries(records: Sequence[_Logged]) -> list[Entry]:
    return [
        (record.seq, decode(record.type, record.schema_version, record.payload))
        for record in records
        if record.type in PROJECTED
    ]


async def _take_out(
    connection: Connection, table: str, row: type[Any], where: str, stream_id: int, keys: Sequence[Any]
) -> list[Any]:
    if not keys:
        return []
    taken = await connection.fetch(
        f"DELETE FROM candled.{table} WHERE stream_id = $1 AND {where} RETURNING {', '.join(row._fields)}",  # noqa: S608 - ours
        stream_id,
        keys,
    )
    return [row(*values) for values in taken]


async def _put(connection: Connection, table: str, row: type[Any], rows: Sequence[Any]) -> None:
    if rows:
        await connection.copy_records_to_table(table, schema_name="candled", records=rows, columns=row._fields)

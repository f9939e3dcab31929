"""The projections' tables, kept with the log: written in the transaction of the append, or all made anew from the log.

A batch reads the orders and positions that it touches, if they can be there yet, folds (rows.py), and writes what
has changed.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from asyncpg import Connection, Record

from kernel.codec import MESSAGE_TYPES, decode
from service.database.row_types import DecisionRow, EquityRow, FillRow, OrderRow, PositionRow, TradingStateRow
from service.database.rows import PROJECTED, Entry, Rows
from service.database.write import Change, write

__all__ = ["projected", "rebuild"]

# An order's report changes the order that replaces it, and the rejection of that one the first again.
# The numbers come as an array of their own, so that rows are found by the key, however many orders there are.
_NAMED = (
    "order_id = any(ARRAY(WITH RECURSIVE chain (number) AS (SELECT unnest($2::bigint[]) UNION SELECT o.order_id "
    "FROM candled.orders o JOIN chain ON o.replaces = chain.number WHERE o.stream_id = $1) SELECT number FROM chain "
    "UNION ALL SELECT coalesce(replaces, 0) FROM candled.orders WHERE stream_id = $1 AND order_id = any($2)))"
)
_ORDER, _POSITION = (", ".join(row._fields) for row in (OrderRow, PositionRow))
# Both in one round trip: each row is of the one or of the other, and NULL for the rest.
_STANDING = (
    f"SELECT o.*, p.* FROM (SELECT {_ORDER} FROM candled.orders WHERE stream_id = $1 AND {_NAMED}) o FULL JOIN "  # noqa: S608 - ours
    f"(SELECT {_POSITION} FROM candled.positions WHERE stream_id = $1 AND symbol = any($3::text[])) p ON false"
)
_FETCH = 10_000


async def projected(connection: Connection, stream_id: int, entries: Sequence[Entry]) -> list[Change]:
    """What a batch of whole turns changes in the projections; nobody else may write to them before it is written."""
    rows = Rows(stream_id, entries)
    numbers, symbols = rows.order_ids(), rows.symbols()
    if numbers or symbols:
        rows.stands(*_parted(await connection.fetch(_STANDING, stream_id, numbers, symbols)))
    rows.fold()
    orders, positions = rows.changed()
    return [
        Change("orders", OrderRow, orders, key=("stream_id", "order_id")),
        Change("positions", PositionRow, positions, key=("stream_id", "strategy", "symbol")),
        Change("fills", FillRow, rows.fills),
        Change("decisions", DecisionRow, rows.decisions),
        Change("equity", EquityRow, rows.equity),
        Change("trading_states", TradingStateRow, rows.trading_states),
    ]


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
        await write(connection, await projected(connection, stream_id, _entries(read[:cut])))
        if progress:
            progress(len(fetched))
    await write(connection, await projected(connection, stream_id, _entries(turn)))


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


def _parted(standing: Sequence[Record]) -> tuple[list[OrderRow], list[PositionRow]]:
    width = len(OrderRow._fields)
    orders = [OrderRow(*row[:width]) for row in standing if row[0] is not None]
    return orders, [PositionRow(*row[width:]) for row in standing if row[0] is None]

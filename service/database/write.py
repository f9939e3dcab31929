"""Rows into tables, few of them by one statement for all tables: a round trip takes longer than a row.

Columns go as arrays, since their number is the same for one row and for many: the driver prepares each combination of
tables once. Many rows go by COPY, which costs a round trip and a third of the processor time.
"""

from collections.abc import Sequence
from decimal import Decimal
from functools import cache
from typing import Any, NamedTuple, get_args, get_type_hints

from asyncpg import Connection

__all__ = ["Change", "write"]

_TYPES = {
    int: "bigint", str: "text", Decimal: "numeric", bool: "boolean", float: "double precision", bytes: "bytea",
}  # fmt: skip


COPY_FROM = 32  # rows


class Change(NamedTuple):
    """Rows of a table, all of the type `row`; those whose `key` is there already replace what is there."""

    table: str
    row: type[Any]
    rows: Sequence[tuple[Any, ...]]
    key: tuple[str, ...] = ()


async def write(connection: Connection, changes: Sequence[Change]) -> None:
    """Write all of them, within the caller's transaction. Errors: the driver's."""
    few = []
    for change in changes:
        if len(change.rows) >= COPY_FROM and not change.key:
            await connection.copy_records_to_table(
                change.table, schema_name="candled", records=change.rows, columns=change.row._fields
            )
        elif change.rows:
            few.append(change)
    if few:
        statement = _statement(tuple((change.table, change.row, change.key) for change in few))
        await connection.execute(statement, *(column for c in few for column in zip(*c.rows, strict=True)))


@cache
def _statement(tables: tuple[tuple[str, type[Any], tuple[str, ...]], ...]) -> str:
    inserts, first = [], 1
    for table, row, key in tables:
        inserts.append(_insert(table, row, key, first))
        first += len(row._fields)
    *others, last = inserts
    named = ", ".join(f"w{place} AS ({insert})" for place, insert in enumerate(others))
    return f"WITH {named} {last}" if others else last


def _insert(table: str, row: type[Any], key: tuple[str, ...], first: int) -> str:
    columns = row._fields
    arrays = ", ".join(f"${first + place}::{_type(row, name)}[]" for place, name in enumerate(columns))
    insert = f"INSERT INTO candled.{table} ({', '.join(columns)}) SELECT * FROM unnest({arrays})"  # noqa: S608 - ours
    if not key:
        return insert
    replaced = ", ".join(f"{name} = excluded.{name}" for name in columns if name not in key)
    return f"{insert} ON CONFLICT ({', '.join(key)}) DO UPDATE SET {replaced}"


def _type(row: type[Any], name: str) -> str:
    hint = get_type_hints(row)[name]
    return _TYPES[(get_args(hint) or (hint,))[0]]

"""The tables of the schema `candled`, as they are after the newest migration. A test holds the two to each other.

`ts` is an event time in ns since 1970, UTC; `at` is the same for dashboards, to the microsecond. Amounts of money are
`numeric`, without a limit. Projections have no foreign keys: they are made from the log and can be made again. What a
later step added stands last in its table, as PostgreSQL has it.
"""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Computed,
    DateTime,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    SmallInteger,
    Table,
    Text,
    func,
    text,
)

__all__ = ["metadata"]

metadata = MetaData(
    schema="candled",
    naming_convention={
        "pk": "%(table_name)s_pkey",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
    },
)


def _table(name: str, *columns: Column[Any] | Index) -> Table:
    return Table(name, metadata, *columns)


def _key(name: str, *reference: ForeignKey, kind: type[Any] = BigInteger) -> Column[Any]:
    return Column(name, kind, *reference, primary_key=True, autoincrement=False)


def _seq() -> Column[Any]:
    return Column("seq", BigInteger, nullable=False)


def _text(name: str, *, nullable: bool = False) -> Column[Any]:
    return Column(name, Text, nullable=nullable)


def _money(name: str, *, nullable: bool = False) -> Column[Any]:
    return Column(name, Numeric, nullable=nullable)


def _flag(name: str) -> Column[Any]:
    return Column(name, Boolean, nullable=False)


def _time() -> tuple[Column[Any], Column[Any]]:
    at = Computed("to_timestamp(ts / 1e9::float8)", persisted=True)
    return Column("ts", BigInteger, nullable=False), Column("at", DateTime(timezone=True), at)


_table(
    "streams",
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
)
_table(
    "leases",
    _key("stream_id", ForeignKey("candled.streams.id")),
    Column("epoch", BigInteger, nullable=False),
    _text("holder", nullable=True),
    Column("backend_pid", Integer),
    Column("backend_start", DateTime(timezone=True)),
    Column("heartbeat_at", DateTime(timezone=True)),
)
_table(
    "events",
    _key("stream_id"),  # the guard looks for the stream's lease, once an append: a foreign key would look once a row
    _key("seq"),
    Column("epoch", BigInteger, nullable=False),
    _text("type"),
    Column("schema_version", SmallInteger, nullable=False),
    Column("ts", BigInteger, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("prev_hash", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
)
_table(
    "snapshots",
    _key("stream_id", ForeignKey("candled.streams.id")),
    _key("seq"),
    Column("hash", LargeBinary, nullable=False),
    Column("fingerprint", LargeBinary, nullable=False),
    _text("code_version"),
    Column("schema", Integer, nullable=False),
    Column("bytes", LargeBinary, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
)
_table(
    "orders",
    _key("stream_id"),
    _key("order_id"),
    _seq(),
    *_time(),
    _text("strategy"),
    _text("symbol"),
    _text("side"),
    _text("kind"),
    _money("quantity"),
    _money("filled_quantity"),
    _text("state"),
    _text("venue_order_id", nullable=True),
    _text("reason", nullable=True),
    _text("purpose"),
    _money("price", nullable=True),
    _money("trigger", nullable=True),
    _money("trail", nullable=True),
    _money("trail_rate", nullable=True),
    _text("time_in_force"),
    Column("expires_at", BigInteger),
    _flag("post_only"),
    _flag("reduce_only"),
    Column("parent", BigInteger),
    Column("group_id", BigInteger),
    Column("replaces", BigInteger),
    _flag("quarantined"),
    Index("orders_replaces", "stream_id", "replaces", postgresql_where=text("replaces IS NOT NULL")),
)
_table(
    "fills",
    _key("stream_id"),
    _key("seq"),
    *_time(),
    Column("order_id", BigInteger, nullable=False),
    _text("trade_id"),
    _money("price"),
    _money("quantity"),
    _money("fee"),
    _text("fee_asset"),
    _text("liquidity"),
    _money("slippage"),
    _flag("ambiguous"),
)
_table(
    "positions",
    _key("stream_id"),
    _key("strategy", kind=Text),
    _key("symbol", kind=Text),
    _seq(),
    *_time(),
    _money("quantity"),
    _money("cost"),
    _money("realized_profit"),
    _money("base_balance"),
    _money("quote_balance"),
)
_table(
    "decisions",
    _key("stream_id"),
    _key("seq"),
    *_time(),
    _text("strategy"),
    _text("symbol"),
    Column("candle", BigInteger, nullable=False),
    _text("model"),
    Column("direction", SmallInteger, nullable=False),
    Column("confidence", Double, nullable=False),
    _text("features_digest"),
    _money("target"),
)
_table(
    "equity",
    _key("stream_id"),
    _key("seq"),
    *_time(),
    _text("cause"),
    _text("currency"),
    _money("cash"),
    _money("equity"),
)
_table(
    "trading_states",
    _key("stream_id"),
    _key("seq"),
    *_time(),
    _text("strategy"),
    _text("symbol"),
    _text("state"),
    _text("cause"),
    Column("until", BigInteger),
    _flag("flatten"),
    _text("detail"),
)

"""The log, its leases and guards, snapshots, and the first projections."""

from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_SCHEMA = "candled"
_TABLES = ("equity", "decisions", "positions", "fills", "orders", "snapshots", "events", "leases", "streams")
_FUNCTIONS = (
    "guard_append()",
    "refuse_change()",
    "take_lease(text, text)",
    "keep_lease(bigint, bigint)",
    "release_lease(bigint, bigint)",
    "hold_stream(bigint)",
    "is_live(candled.leases)",
)


def upgrade() -> None:
    _log()
    _projections()
    op.execute((Path(__file__).parent / "0001_guard.sql").read_text())


def downgrade() -> None:
    for table in ("events",):
        op.execute(f"DROP TRIGGER guard_append ON {_SCHEMA}.{table}")
        op.execute(f"DROP TRIGGER refuse_change ON {_SCHEMA}.{table}")
    for function in _FUNCTIONS:
        op.execute(f"DROP FUNCTION {_SCHEMA}.{function}")
    for table in _TABLES:
        op.drop_table(table, schema=_SCHEMA)


def _log() -> None:
    op.create_table(
        "streams",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), nullable=False),
        _text("name"),
        _now("created_at"),
        sa.PrimaryKeyConstraint("id", name="streams_pkey"),
        sa.UniqueConstraint("name", name="streams_name_key"),
        schema=_SCHEMA,
    )
    op.create_table(
        "leases",
        _integer("stream_id"),
        _integer("epoch"),
        _text("holder", nullable=True),
        sa.Column("backend_pid", sa.Integer),
        sa.Column("backend_start", sa.DateTime(timezone=True)),
        sa.Column("heartbeat_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("stream_id", name="leases_pkey"),
        sa.ForeignKeyConstraint(["stream_id"], ["candled.streams.id"], name="leases_stream_id_fkey"),
        schema=_SCHEMA,
    )
    op.create_table(
        "events",
        _integer("stream_id"),
        _integer("seq"),
        _integer("epoch"),
        _text("type"),
        sa.Column("schema_version", sa.SmallInteger, nullable=False),
        _integer("ts"),
        _bytes("payload"),
        _bytes("prev_hash"),
        _bytes("hash"),
        sa.PrimaryKeyConstraint("stream_id", "seq", name="events_pkey"),
        schema=_SCHEMA,
    )
    op.create_table(
        "snapshots",
        _integer("stream_id"),
        _integer("seq"),
        _bytes("hash"),
        _bytes("fingerprint"),
        _text("code_version"),
        sa.Column("schema", sa.Integer, nullable=False),
        _bytes("bytes"),
        _now("created_at"),
        sa.PrimaryKeyConstraint("stream_id", "seq", name="snapshots_pkey"),
        sa.ForeignKeyConstraint(["stream_id"], ["candled.streams.id"], name="snapshots_stream_id_fkey"),
        schema=_SCHEMA,
    )


def _projections() -> None:
    op.create_table(
        "orders",
        _integer("stream_id"),
        _integer("order_id"),
        _integer("seq"),
        *_time(),
        *map(_text, ("strategy", "symbol", "side", "kind")),
        *map(_money, ("quantity", "filled_quantity")),
        _text("state"),
        _text("venue_order_id", nullable=True),
        _text("reason", nullable=True),
        sa.PrimaryKeyConstraint("stream_id", "order_id", name="orders_pkey"),
        schema=_SCHEMA,
    )
    op.create_table(
        "fills",
        _integer("stream_id"),
        _integer("seq"),
        *_time(),
        _integer("order_id"),
        _text("trade_id"),
        *map(_money, ("price", "quantity", "fee")),
        _text("fee_asset"),
        sa.PrimaryKeyConstraint("stream_id", "seq", name="fills_pkey"),
        schema=_SCHEMA,
    )
    op.create_table(
        "positions",
        _integer("stream_id"),
        *map(_text, ("strategy", "symbol")),
        _integer("seq"),
        *_time(),
        *map(_money, ("quantity", "cost", "realized_profit", "base_balance", "quote_balance")),
        sa.PrimaryKeyConstraint("stream_id", "strategy", "symbol", name="positions_pkey"),
        schema=_SCHEMA,
    )
    op.create_table(
        "decisions",
        _integer("stream_id"),
        _integer("seq"),
        *_time(),
        *map(_text, ("strategy", "symbol")),
        _integer("candle"),
        _text("model"),
        sa.Column("direction", sa.SmallInteger, nullable=False),
        sa.Column("confidence", sa.Double, nullable=False),
        _text("features_digest"),
        _money("target"),
        sa.PrimaryKeyConstraint("stream_id", "seq", name="decisions_pkey"),
        schema=_SCHEMA,
    )
    op.create_table(
        "equity",
        _integer("stream_id"),
        _integer("seq"),
        *_time(),
        *map(_text, ("cause", "currency")),
        *map(_money, ("cash", "equity")),
        sa.PrimaryKeyConstraint("stream_id", "seq", name="equity_pkey"),
        schema=_SCHEMA,
    )


def _integer(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=False, autoincrement=False)


def _text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=nullable)


def _bytes(name: str) -> sa.Column[bytes]:
    return sa.Column(name, sa.LargeBinary, nullable=False)


def _money(name: str) -> "sa.Column[object]":
    return sa.Column(name, sa.Numeric, nullable=False)


def _time() -> "tuple[sa.Column[int], sa.Column[object]]":
    at = sa.Computed("to_timestamp(ts / 1e9::float8)", persisted=True)
    return sa.Column("ts", sa.BigInteger, nullable=False), sa.Column("at", sa.DateTime(timezone=True), at)


def _now(name: str) -> "sa.Column[object]":
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now())

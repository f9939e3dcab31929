"""All that an order can say, what its fills cost, and when trading was restricted.

Rows of before get what an order of that time was, which is also what rebuilding gives them.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_SCHEMA = "candled"


def upgrade() -> None:
    for column in _of_orders():
        _add("orders", column)
    op.create_index(  # replacements are rare, and looked for with every batch
        "orders_replaces", "orders", ["stream_id", "replaces"], schema=_SCHEMA,
        postgresql_where=sa.text("replaces IS NOT NULL"),
    )  # fmt: skip
    for column in _of_fills():
        _add("fills", column)
    op.create_table(
        "trading_states",
        _integer("stream_id", nullable=False),
        _integer("seq", nullable=False),
        _integer("ts", nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), sa.Computed("to_timestamp(ts / 1e9::float8)", persisted=True)),
        *map(_text, ("strategy", "symbol", "state", "cause")),
        _integer("until"),
        _flag("flatten"),
        _text("detail"),
        sa.PrimaryKeyConstraint("stream_id", "seq", name="trading_states_pkey"),
        schema=_SCHEMA,
    )
    op.execute("REVOKE ALL ON candled.trading_states FROM public")
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON candled.trading_states TO candled")


def downgrade() -> None:
    op.drop_table("trading_states", schema=_SCHEMA)
    op.drop_index("orders_replaces", "orders", schema=_SCHEMA)
    for column in _of_fills():
        op.drop_column("fills", column.name, schema=_SCHEMA)
    for column in _of_orders():
        op.drop_column("orders", column.name, schema=_SCHEMA)


def _of_orders() -> "tuple[sa.Column[object], ...]":
    return (
        _text("purpose", of_before="entry"),
        *map(_amount, ("price", "trigger", "trail", "trail_rate")),
        _text("time_in_force", of_before="gtc"),
        _integer("expires_at"),
        _flag("post_only", of_before="false"),
        _flag("reduce_only", of_before="false"),
        *map(_integer, ("parent", "group_id", "replaces")),
        _flag("quarantined", of_before="false"),
    )


def _of_fills() -> "tuple[sa.Column[object], ...]":
    return (
        _text("liquidity", of_before="taker"),
        sa.Column("slippage", sa.Numeric, nullable=False, server_default="0"),
        _flag("ambiguous", of_before="false"),
    )


def _add(table: str, column: "sa.Column[object]") -> None:
    """Add a column, filled in where there are rows; a writer of today has to name it."""
    op.add_column(table, column, schema=_SCHEMA)
    if column.server_default is not None:
        op.alter_column(table, column.name, server_default=None, schema=_SCHEMA)


def _integer(name: str, *, nullable: bool = True) -> "sa.Column[object]":
    return sa.Column(name, sa.BigInteger, nullable=nullable, autoincrement=False)


def _text(name: str, *, of_before: str | None = None) -> "sa.Column[object]":
    return sa.Column(name, sa.Text, nullable=False, server_default=of_before)


def _flag(name: str, *, of_before: str | None = None) -> "sa.Column[object]":
    return sa.Column(name, sa.Boolean, nullable=False, server_default=of_before)


def _amount(name: str) -> "sa.Column[object]":
    return sa.Column(name, sa.Numeric)

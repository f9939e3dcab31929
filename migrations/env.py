"""Alembic runs this file to render steps as SQL, in one transaction together with the note of what was applied."""

from alembic import context

context.configure(
    dialect_name="postgresql",
    version_table_schema="candled",
    transactional_ddl=True,
    dialect_opts={"paramstyle": "named"},
)
with context.begin_transaction():
    context.execute("CREATE SCHEMA IF NOT EXISTS candled")
    context.run_migrations()

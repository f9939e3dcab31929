"""The database schema, one file a step (Alembic). `candled db upgrade` applies them."""

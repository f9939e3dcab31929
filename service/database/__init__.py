"""PostgreSQL: the tables, their projections, the way to a server, and the schema's upgrades. Knows no log but its rows.

From the ground up: errors (the driver's, as ours), connect (which server, and is it fit), upgrade (Alembic), tables
(SQLAlchemy, what the schema is), projections (messages and events as rows for SQL).
"""

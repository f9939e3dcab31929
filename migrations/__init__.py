"""The database schema, one file a step (Alembic). `candled db upgrade` applies them.

The steps are rendered to SQL and sent by the driver that the service has anyway, so a step may not ask the database
anything: what it needs to know, it decides in SQL.
"""

from pathlib import Path

__all__ = ["DIRECTORY", "REVISION"]

DIRECTORY = Path(__file__).parent
REVISION = "0002"
"""The newest step: the schema that this version of candled works with."""

"""The role of the embedded server that the daemon logs in as."""

from typing import Final

import asyncpg

from service.database.errors import translated

__all__ = ["let_in"]

_LOCK: Final = 0x6C6F67696E  # "login": two first users would update one row of pg_authid, and one of them fail


async def let_in(admin_url: str, password: str) -> None:
    """Let the role `candled` log in to the embedded server, once, whoever else does so at the same moment."""
    with translated():
        connection = await asyncpg.connect(admin_url)
        try:
            async with connection.transaction():
                await connection.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
                if not await connection.fetchval("SELECT rolcanlogin FROM pg_roles WHERE rolname = 'candled'"):
                    quoted = await connection.fetchval("SELECT quote_literal($1::text)", password)
                    await connection.execute(f"ALTER ROLE candled LOGIN PASSWORD {quoted}")
        finally:
            await connection.close(timeout=2.0)

"""A server that is starting, or replaying its own log after a crash, lets nobody in for a while: wait for it."""

import asyncio
from typing import Final

import asyncpg

from service.database.errors import translated

__all__ = ["until_ready"]

PATIENCE_S: Final = 120.0
_PAUSE_S: Final = 0.2


async def until_ready(url: str, *, connect_s: float) -> None:
    """Return once the server lets sessions in. Errors: DatabaseUnavailable where it is not there, or takes too long."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + PATIENCE_S
    while True:
        with translated():
            try:
                connection = await asyncpg.connect(url, timeout=connect_s)
            except asyncpg.CannotConnectNowError:
                if loop.time() > deadline:
                    raise
            else:
                await connection.close(timeout=connect_s)
                return
        await asyncio.sleep(_PAUSE_S)

"""The control API over HTTP: its tokens, its address, its connections, for as long as a block runs."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from importlib.metadata import version
from pathlib import Path
from typing import Final

from service.api.connections import Connections
from service.api.desk import Desk, Explain
from service.api.document import document
from service.api.door import Door
from service.api.modules import modules_of
from service.api.place import Port, bind, clear, identity, named, parse
from service.api.tail import Tail
from service.api.tokens import read_tokens
from service.config_types import ApiConfig
from service.daemon.handle import Handle
from service.daemon.health import Health

__all__ = ["api"]

SOCKET_FILE: Final = "api.sock"
RETRY_S: Final = 2.0


@asynccontextmanager
async def api(
    handle: Handle,
    config: ApiConfig,
    directory: Path,
    *,
    explain: Explain,
    speed: str,
    hide: Callable[[str], None] = lambda _secret: None,
) -> AsyncIterator[str]:
    """Serve the API while the block runs; gives its address, as endpoint.json has it.

    `directory` is the stream's: tokens and socket are there, unless the configuration names others. A port that is in
    use is tried again every two seconds meanwhile, and is a problem of the part `api`. `hide` is told the tokens.
    Errors: ConfigError for a place or a token that cannot be used.
    """
    tokens = read_tokens(config, directory)
    for token in tokens:
        hide(token)
    place = parse(config.listen, default=directory / SOCKET_FILE)
    tail = Tail(handle.head.seq + 1)
    desk = Desk(
        handle, tail, explain, speed, version("candled"), modules_of(handle.definition, handle.kernel), document()
    )
    connections = Connections(Door(desk, tokens))
    handle.listeners.append(tail.take)
    try:
        async with _accepting(place, connections, handle.health) as address:
            yield address
    finally:
        handle.listeners.remove(tail.take)
        tail.close()
        await connections.end()


@asynccontextmanager
async def _accepting(place: Path | Port, connections: Connections, health: Health) -> AsyncIterator[str]:
    """Accept connections while the block runs, or from when the place is free; gives the address."""
    listening = bind(place)
    if listening is None:
        accepting = asyncio.create_task(_accept_later(place, connections, health), name="api")
        try:
            yield named(place)
        finally:
            accepting.cancel()
            with suppress(asyncio.CancelledError):
                await accepting
        return
    own = identity(place)
    opened = await _accept(listening, connections)
    try:
        yield named(place) if isinstance(place, Path) else named(_port_of(listening))
    finally:
        opened.close()
        clear(place, own)


async def _accept_later(place: Path | Port, connections: Connections, health: Health) -> None:
    """Try again until the place is free, then accept until canceled."""
    while (listening := bind(place)) is None:
        health.say("api", f"{named(place)} is in use by another process; it is tried again")
        await asyncio.sleep(RETRY_S)
    opened = await _accept(listening, connections)
    health.say("api")
    try:
        await asyncio.Event().wait()
    finally:
        opened.close()


async def _accept(listening: socket.socket, connections: Connections) -> asyncio.AbstractServer:
    loop = asyncio.get_running_loop()
    if listening.family == socket.AF_UNIX:
        return await loop.create_unix_server(connections, sock=listening)
    return await loop.create_server(connections, sock=listening)


def _port_of(listening: socket.socket) -> Port:
    host, port, *_ = listening.getsockname()
    return Port(host, port)

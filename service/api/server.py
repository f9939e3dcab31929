"""The control API over HTTP: its tokens, its address, its connections, for as long as a block runs."""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

import structlog
from aiohttp import web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http_parser import RawRequestMessage
from aiohttp.streams import StreamReader

from service.api.desk import Desk, Explain
from service.api.document import document
from service.api.door import BODY_BYTES_MAX, Door
from service.api.modules import modules_of
from service.api.place import Port, bind, clear, named, parse
from service.api.refusal import Refused
from service.api.tail import Tail
from service.api.tokens import read_tokens
from service.config_types import ApiConfig
from service.daemon.handle import Handle
from service.daemon.health import Health

__all__ = ["api"]

SOCKET_FILE: Final = "api.sock"
CONNECTIONS_MAX: Final = 64
HEAD_S: Final = 15.0  # for the head of a request to come, and for a connection to stay without one
RETRY_S: Final = 2.0
LEAVE_S: Final = 1.0
_log = structlog.get_logger(__name__)


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
    desk = Desk(handle, tail, explain, speed, modules_of(handle.definition, handle.kernel), document())
    server = web.Server(Door(desk, tokens), request_factory=_request)
    handle.listeners.append(tail.take)
    try:
        async with _accepting(place, _connector(server), handle.health) as address:
            yield address
    finally:
        handle.listeners.remove(tail.take)
        tail.close()
        await _hang_up(server)


@asynccontextmanager
async def _accepting(place: Path | Port, connect: Callable[[], asyncio.Protocol], health: Health) -> AsyncIterator[str]:
    """Accept connections while the block runs, or from when the place is free; gives the address."""
    listening = bind(place)
    if listening is None:
        accepting = asyncio.create_task(_accept_later(place, connect, health), name="api")
        try:
            yield named(place)
        finally:
            accepting.cancel()
            with suppress(asyncio.CancelledError):
                await accepting
        return
    own = place.stat() if isinstance(place, Path) else None
    opened = await _accept(listening, connect)
    try:
        yield named(place) if isinstance(place, Path) else named(_port_of(listening))
    finally:
        opened.close()
        if isinstance(place, Path) and own is not None:
            clear(place, own)


async def _accept_later(place: Path | Port, connect: Callable[[], asyncio.Protocol], health: Health) -> None:
    """Try again until the place is free, then accept until canceled."""
    while (listening := bind(place)) is None:
        health.say("api", f"{named(place)} is in use by another process; it is tried again")
        await asyncio.sleep(RETRY_S)
    opened = await _accept(listening, connect)
    health.say("api")
    try:
        await asyncio.Event().wait()
    finally:
        opened.close()


async def _accept(listening: socket.socket, connect: Callable[[], asyncio.Protocol]) -> asyncio.AbstractServer:
    loop = asyncio.get_running_loop()
    if listening.family == socket.AF_UNIX:
        return await loop.create_unix_server(connect, sock=listening)
    return await loop.create_server(connect, sock=listening)


async def _hang_up(server: web.Server) -> None:
    """Let answers be finished that soon are; then end every connection, those too that take nothing."""
    open_still = [connection.transport for connection in server.connections if connection.transport is not None]
    server.pre_shutdown()
    await server.shutdown(LEAVE_S)
    for transport in open_still:
        transport.abort()
    await asyncio.sleep(0)  # they are told


def _connector(server: web.Server) -> Callable[[], asyncio.Protocol]:
    # It would quote what clients sent, tokens too: one of its own, which says nothing.
    quiet = logging.Logger("candled.api", level=logging.CRITICAL + 1)  # noqa: LOG001 - known to nobody else

    def connect() -> asyncio.Protocol:
        if len(server.connections) >= CONNECTIONS_MAX:
            return _Refusal()
        return _Connection(
            server,
            loop=asyncio.get_running_loop(),
            keepalive_timeout=HEAD_S,
            lingering_time=LEAVE_S,
            access_log=quiet,
            logger=quiet,
            auto_decompress=False,
        )

    return connect


class _Connection(web.RequestHandler):
    """One connection. What aiohttp would say of an error is said as everything else is."""

    __slots__ = ()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002 - aiohttp's signature
    ) -> web.StreamResponse:
        """Answer what is not HTTP, and what we failed at."""
        if status < 500:
            refused = Refused(status, "not_http", "this is no HTTP request", fix="see docs/control.md")
        else:
            _log.error("api_failed", exc_info=exc)
            refused = Refused(500, "failed", "the daemon failed at this: a bug", fix="its log has the details")
        if request.writer.output_size > 0:
            raise ConnectionError("an answer has begun; another cannot follow")
        response = refused.response()
        response.force_close()
        return response


class _Refusal(asyncio.Protocol):
    """A connection too many."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Close it."""
        transport.close()


def _request(
    message: RawRequestMessage,
    payload: StreamReader,
    protocol: web.RequestHandler,
    writer: AbstractStreamWriter,
    task: "asyncio.Task[None]",
) -> web.BaseRequest:
    loop = asyncio.get_running_loop()
    return web.BaseRequest(message, payload, protocol, writer, task, loop, client_max_size=BODY_BYTES_MAX)


def _port_of(listening: socket.socket) -> Port:
    host, port, *_ = listening.getsockname()
    return Port(host, port)

"""The API's connections: how many there may be, how long one may take its time, and how they end."""

import asyncio
import logging
from typing import Final

import structlog
from aiohttp import web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http_parser import RawRequestMessage
from aiohttp.streams import StreamReader

from service.api.door import Door
from service.api.refusal import Refused

__all__ = ["Connections"]

BODY_BYTES_MAX: Final = 64 * 1024
CONNECTIONS_MAX: Final = 64
HEAD_S: Final = 15.0  # for the head of a request to come, and for a connection to stay without one
LEAVE_S: Final = 1.0
_log = structlog.get_logger(__name__)


class Connections:
    """All connections that lead to one door. It is the factory of protocols that a listening socket is given."""

    def __init__(self, door: Door) -> None:
        self._server = web.Server(door, request_factory=_request)
        # It would quote what clients sent, tokens too: a logger that says nothing.
        self._quiet = logging.Logger("candled.api", level=logging.CRITICAL + 1)  # noqa: LOG001 - known to nobody else

    def __call__(self) -> asyncio.Protocol:
        """A protocol for a connection that has come."""
        if len(self._server.connections) >= CONNECTIONS_MAX:
            return _OneTooMany()
        return _Connection(
            self._server,
            loop=asyncio.get_running_loop(),
            keepalive_timeout=HEAD_S,
            lingering_time=LEAVE_S,
            access_log=self._quiet,
            logger=self._quiet,
            auto_decompress=False,
        )

    async def end(self) -> None:
        """Let answers be finished that soon are; then end every connection, those too that take nothing."""
        server = self._server
        open_still = [connection.transport for connection in server.connections if connection.transport is not None]
        server.pre_shutdown()
        await server.shutdown(LEAVE_S)
        for transport in open_still:
            transport.abort()
        await asyncio.sleep(0)  # they are told


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


class _OneTooMany(asyncio.Protocol):
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

"""The address that Prometheus scrapes. One connection is one request, and has a few seconds for all of it.

Whoever reads a byte a second is cut off when they are over; nobody waits for anybody, and the text is made once for all
who ask within a second.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

from aiohttp import web
from prometheus_client.registry import CollectorRegistry

from kernel.errors import UsageError
from service.metrics.exposition import CONTENT_TYPE, exposition

__all__ = ["metrics_server"]

CONNECTIONS_MAX: Final = 16
REQUEST_S: Final = 10.0  # Prometheus's own patience, unless it is told another
_FRESH_S: Final = 1.0
_RETRY_S: Final = 2.0
_CLOSE_S: Final = 0.5
Say = Callable[[str, str], None]


@asynccontextmanager
async def metrics_server(
    registry: CollectorRegistry, listen: str, say: Say = lambda _part, _problem: None, *, request_s: float = REQUEST_S
) -> AsyncIterator[str]:
    """Serve `/metrics` on `listen` (HOST:PORT; port 0 is any that is free) for the block's length; gives the address.

    An empty `listen` serves nobody. While another process has the port it is tried again, and `say` is told of it as
    the part "metrics".
    Errors: UsageError for an address that is none.
    """
    if not listen:
        yield ""
        return
    host, port = _parsed(listen)
    door = _Door(_Page(registry), request_s)
    try:
        retry = None
        try:
            port = await door.open(host, port)
        except OSError as error:
            say("metrics", f"nobody can listen on {listen}: {error.strerror}")
            retry = asyncio.create_task(_until_open(door, host, port, say), name="metrics-retry")
        yield f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    finally:
        if retry is not None:
            retry.cancel()
            await asyncio.gather(retry, return_exceptions=True)
        await door.close()


class _Page:
    """Answers a request. What was made within the last second is fresh enough for whoever asks next."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry
        self._lock = asyncio.Lock()
        self._text = b""
        self._fresh_until = 0.0

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.path != "/metrics":
            response = web.Response(status=404, text="only /metrics is here\n")
        elif request.method not in ("GET", "HEAD"):
            response = web.Response(status=405, headers={"Allow": "GET, HEAD"})
        else:
            response = web.Response(body=await self._made(), headers={"Content-Type": CONTENT_TYPE})
        response.force_close()
        return response

    async def _made(self) -> bytes:
        clock = asyncio.get_running_loop().time
        async with self._lock:
            if clock() >= self._fresh_until:
                self._text = await exposition(self._registry)
                self._fresh_until = clock() + _FRESH_S
            return self._text


class _Door(web.Server):
    """Lets so many connections in, each for so long."""

    def __init__(self, page: _Page, request_s: float) -> None:
        super().__init__(page, access_log=None)
        self._request_s = request_s
        self._ends: dict[web.RequestHandler, asyncio.TimerHandle] = {}
        self._server: asyncio.Server | None = None

    async def open(self, host: str, port: int) -> int:
        """Listen; gives the port. Errors: OSError."""
        self._server = await asyncio.get_running_loop().create_server(self, host, port, backlog=CONNECTIONS_MAX)
        return int(self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Stop listening, and end what is under way."""
        if self._server is not None:
            self._server.close()
        await self.shutdown(_CLOSE_S)

    def connection_made(self, handler: web.RequestHandler, transport: asyncio.Transport) -> None:
        """One more, if there is room."""
        super().connection_made(handler, transport)
        if len(self._ends) >= CONNECTIONS_MAX:
            transport.abort()
            return
        self._ends[handler] = asyncio.get_running_loop().call_later(self._request_s, transport.abort)

    def connection_lost(self, handler: web.RequestHandler, exc: BaseException | None = None) -> None:
        """One less."""
        super().connection_lost(handler, exc)
        if (end := self._ends.pop(handler, None)) is not None:
            end.cancel()


async def _until_open(door: _Door, host: str, port: int, say: Say) -> None:
    while True:
        await asyncio.sleep(_RETRY_S)
        try:
            await door.open(host, port)
        except OSError:
            continue
        say("metrics", "")
        return


def _parsed(listen: str) -> tuple[str, int]:
    host, colon, port = listen.rpartition(":")
    if not colon or not host or not port.isascii() or not port.isdigit() or int(port) > 65_535:
        raise UsageError(f"metrics.listen = {listen!r} is no address", fix='write "127.0.0.1:9464"')
    return host.strip("[]"), int(port)

"""The API of a daemon in memory, served by a thread with a loop of its own; and clients that are not ours."""

import asyncio
import socket
import threading
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import msgspec
import uvloop

from service.api.desk import Explain
from service.api.place import parse, short_name
from service.api.server import api
from service.config_types import ApiConfig
from tests.service.api.daemon import Daemon, explain

WAIT_S = 10


class Answer(NamedTuple):
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.body)


class Serving:
    """A running API. `address` is as it says itself; `tokens` are by scope."""

    def __init__(self, daemon: Daemon, directory: Path, address: str, loop: asyncio.AbstractEventLoop) -> None:
        self.daemon, self.directory, self.address, self._loop = daemon, directory, address, loop
        self.tokens = {scope: (directory / f"{scope}-token").read_text().strip() for scope in ("read", "operate")}
        self._keys = 0

    def here(self, do: Callable[[], Any]) -> Any:
        """Do something in the daemon's own thread."""

        async def run() -> Any:
            return do()

        return self.run(run())

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(WAIT_S)

    def connect(self) -> socket.socket:
        place = parse(self.address, default=Path())
        if not isinstance(place, Path):
            return socket.create_connection(place, timeout=WAIT_S)
        plug = socket.socket(socket.AF_UNIX)
        plug.settimeout(WAIT_S)
        with short_name(place) as name:
            plug.connect(name)
        return plug

    def call(
        self, method: str, path: str, body: Any = None, *, scope: str = "operate", key: str | None = "", **headers: str
    ) -> Answer:
        """`key` "" is a new one, None none; a header of None is left out, `_` in its name is -."""
        sent: dict[str, Any] = {"Host": "localhost"}
        if scope:
            sent["Authorization"] = f"Bearer {self.tokens[scope]}"
        if body is not None:
            sent["Content-Type"] = "application/json"
            if key is not None:
                self._keys += 1
                sent["Idempotency-Key"] = key or f"key-{self._keys}"
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        content = body if isinstance(body, bytes) or body is None else msgspec.json.encode(body)
        connection = HTTPConnection("localhost", timeout=WAIT_S)
        connection.sock = self.connect()
        try:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in sent.items():
                if value is not None:
                    connection.putheader(name, value)
            if content is not None:
                connection.putheader("Content-Length", str(len(content)))
            connection.endheaders(content)
            response = connection.getresponse()
            return Answer(response.status, dict(response.getheaders()), response.read())
        finally:
            connection.close()

    def get(self, path: str, **more: Any) -> Answer:
        return self.call("GET", path, **more)

    def post(self, path: str, body: Any = None, **more: Any) -> Answer:
        return self.call("POST", path, {} if body is None else body, **more)

    def raw(self, content: bytes) -> bytes:
        """Send bytes, and read until the other side closes."""
        with self.connect() as plug:
            plug.sendall(content)
            return b"".join(iter(lambda: plug.recv(65536), b""))

    @contextmanager
    def reading(self, query: str = "", **headers: str) -> Iterator["Stream"]:
        """A reader of /events."""
        told = {"Host": "localhost", "Authorization": f"Bearer {self.tokens['read']}"}
        told |= {name.replace("_", "-"): value for name, value in headers.items()}
        head = "".join(f"{name}: {value}\r\n" for name, value in told.items())
        with self.connect() as plug:
            plug.sendall(f"GET /events{query} HTTP/1.1\r\n{head}\r\n".encode())
            with plug.makefile("rb") as file:
                yield Stream(file)


class Stream:
    """Server-sent events, as they come, through HTTP's chunks."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.head = b"".join(iter(self._file.readline, b"\r\n"))
        self._text = b""

    def next(self) -> dict[str, str]:
        """The next event's fields; a comment's text is under "". Errors: EOFError at the end."""
        while b"\n\n" not in self._text:
            size = int(self._file.readline() or b"0", 16)
            if not size:
                raise EOFError
            self._text += self._file.read(size)
            self._file.readline()
        text, _, self._text = self._text.partition(b"\n\n")
        return dict(line.split(": ", 1) if line[0] != ":" else ("", line[2:]) for line in text.decode().split("\n"))


@contextmanager
def serving(
    directory: Path, config: ApiConfig | None = None, daemon: Daemon | None = None, explained: Explain = explain
) -> Iterator[Serving]:
    ready: list[Serving] = []
    failed: list[BaseException] = []
    begun = threading.Event()

    async def serve(stop: asyncio.Event) -> None:
        served = daemon or Daemon().lives()
        async with api(served, config or ApiConfig(), directory, explain=explained, speed="60") as address:
            ready.append(Serving(served, directory, address, asyncio.get_running_loop()))
            stops.append(stop)
            begun.set()
            await stop.wait()

    async def main() -> None:
        try:
            await serve(asyncio.Event())
        except BaseException as error:
            failed.append(error)
            raise
        finally:
            begun.set()

    def run() -> None:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            try:
                runner.run(main())
            except Exception:  # noqa: BLE001 - it is in `failed`
                assert failed

    stops: list[asyncio.Event] = []
    thread = threading.Thread(target=run)
    thread.start()
    begun.wait(WAIT_S)
    try:
        if failed:
            raise failed[0]
        yield ready[0]
    finally:
        if ready:
            ready[0]._loop.call_soon_threadsafe(stops[0].set)
        thread.join(WAIT_S)
        assert not thread.is_alive()

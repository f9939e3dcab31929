"""A real daemon for tests: `candled run` in a process of its own, asked and ended as an operator would."""

import http.client
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from service.api.answers import Status
from service.api.client import Client
from service.api.endpoint import ENDPOINT_FILE, Endpoint
from service.api.tokens import read_token, token_file

LIFE_S = 120.0


class Ended(msgspec.Struct):
    """What `candled run --exit-at-end --json` answers with, as far as a backtest says the same."""

    decisions_digest: str
    final_equity: str
    fills: int
    skips: dict[str, int]
    orders: int


@dataclass
class Living:
    """A daemon that was started."""

    process: subprocess.Popen[bytes]
    directory: Path
    stderr: Path
    out: bytes | None = None

    @property
    def said(self) -> str:
        """Its standard error."""
        return self.stderr.read_text(errors="replace")

    def endpoint(self) -> Endpoint:
        """Where it can be asked, once it is ready."""
        until(lambda: self.process.poll() is not None or self._endpoint() is not None, within_s=LIFE_S)
        found = self._endpoint()
        assert found is not None, self.said
        return found

    def _endpoint(self) -> Endpoint | None:
        try:
            content = (self.directory / ENDPOINT_FILE).read_bytes()
        except FileNotFoundError:
            return None
        found = msgspec.json.decode(content, type=Endpoint)
        return found if found.pid == self.process.pid else None

    def client(self, scope: str = "read") -> Client:
        return Client(self.endpoint().api, read_token(token_file(self.directory, scope), scope))

    def status(self) -> Status:
        return self.client().get("/status", Status)

    def until(self, holds: Callable[[Status], bool], within_s: float = 60.0) -> Status:
        """Its status, once it holds."""
        deadline = time.monotonic() + within_s
        while not holds(status := self.status()):
            assert time.monotonic() < deadline, status
            time.sleep(0.03)
        return status

    def post(self, path: str, *, key: str, **body: Any) -> dict[str, Any]:
        return self.client("operate").post(path, body, key=key)

    def metrics(self) -> dict[str, float]:
        """What Prometheus would scrape, by the name and labels of each sample."""
        text = ask(self.endpoint().metrics, "/metrics").decode()
        lines = [line.rpartition(" ") for line in text.splitlines() if line and not line.startswith("#")]
        return {name: float(value) for name, _, value in lines}

    def rss_bytes(self) -> int:
        pages = Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")

    def stop(self, number: signal.Signals = signal.SIGTERM, *, within_s: float = 30.0) -> int:
        """Ask it to end; gives its exit code."""
        self.process.send_signal(number)
        return self.process.wait(within_s)

    def answer(self) -> tuple[int, bytes]:
        """Its exit code and standard output, when it has come to its end; the same again when it is asked again."""
        if self.out is None:
            self.out, _ = self.process.communicate(timeout=LIFE_S)
        return self.process.returncode, self.out

    def ended(self) -> Ended:
        """What it answers at its market's end: one line, one object."""
        code, out = self.answer()
        assert code == 0, self.said
        assert out.endswith(b"}\n")
        assert out.count(b"\n") == 1
        return msgspec.json.decode(out, type=Ended)


def until(holds: Callable[[], bool], within_s: float = 30.0) -> None:
    deadline = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.02)


def ask(address: str, path: str, token: str = "", patience_s: float = 10.0) -> bytes:
    """GET, at a HOST:PORT or a unix:PATH."""
    connection = http.client.HTTPConnection(address.removeprefix("unix:"), timeout=patience_s)
    if address.startswith("unix:"):
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.settimeout(patience_s)
        connection.sock.connect(address.removeprefix("unix:"))
    try:
        connection.request("GET", path, headers={"Authorization": f"Bearer {token}"} if token else {})
        return connection.getresponse().read()
    finally:
        connection.close()

"""Real daemons for tests: `candled run` in a process of its own, what it says, and what it leaves in its log."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import msgspec

from kernel.codec import EVENT_TYPES
from kernel.messages import Command, MarketMessage, Report
from kernel.notes import Note
from service.api.answers import Status
from service.api.client import Client
from service.api.endpoint import ENDPOINT_FILE, Endpoint
from service.api.tokens import read_token, token_file
from service.database.connect import database
from service.log.postgres import PostgresLogStore
from service.log.record import Record, decoded
from service.log.verify import check
from service.loop import run as run_loop
from service.replay import read_log
from service.streams import stream_dir
from tests.service.made import EMA_CROSS, Ran, run
from venues.dataset import Dataset

CANDLED = (sys.executable, "-c", "from service.cli.main import main; main()")
LIFE_S = 120.0
NOT_A_BACKTESTS = frozenset(t.__name__ for t in (*MarketMessage.__args__, *Note.__args__))
COMMANDS = frozenset(t.__name__ for t in Command.__args__)
REPORTS = frozenset(t.__name__ for t in Report.__args__)
_numbers = count(1)


class Ended(msgspec.Struct):
    """What `candled run --exit-at-end --json` answers with, as far as a backtest says the same."""

    decisions_digest: str
    final_equity: str
    fills: int
    skips: dict[str, int]
    orders: int


@dataclass
class Place:
    """A data directory with a market, and a strategy; streams of it are to come to what its backtest comes to."""

    data_dir: Path
    datasets: Sequence[Dataset]
    config: Path = EMA_CROSS
    overrides: tuple[str, ...] = ()
    first: str = ""
    database_url: str | None = field(default=None, repr=False)
    backtest: Ran = field(init=False)

    def __post_init__(self) -> None:
        self.backtest = run(self.data_dir, self.datasets, self.config, *self.overrides, first=self.first)

    @property
    def expected(self) -> Ended:
        return msgspec.convert(self.backtest.result, Ended, from_attributes=True)

    def new_stream(self) -> str:
        return f"s{next(_numbers)}"

    def command(self, stream: str, *further: str, speed: str = "max") -> list[str]:
        ids = [option for found in self.datasets for option in ("--dataset", found.manifest.dataset)]
        sets = [option for override in self.overrides for option in ("--set", override)]
        sets += ["--from", self.first] if self.first else []
        return [
            *CANDLED, "run", str(self.config), *ids, *sets, "--stream", stream, "--speed", speed, "--json",
            "--data-dir", str(self.data_dir), *further,
        ]  # fmt: skip

    @contextmanager
    def living(
        self, stream: str, *further: str, speed: str = "max", env: dict[str, str] | None = None, **popen: Any
    ) -> Iterator["Living"]:
        """A daemon; it is killed where it still lives when the block ends."""
        url = {"CANDLED_DATABASE__URL": self.database_url} if self.database_url else {}
        said = self.data_dir / f"stderr-{next(_numbers)}"
        with said.open("wb") as file:
            options = {"stdout": subprocess.PIPE, "stderr": file} | popen
            command = self.command(stream, *further, speed=speed)
            process = subprocess.Popen(command, env=os.environ | url | (env or {}), **options)
        living = Living(process, stream_dir(self.data_dir, stream), said)
        try:
            yield living
        finally:
            process.kill()
            process.wait()
            if process.stdout is not None:
                process.stdout.close()

    def lives(self, stream: str, *further: str, env: dict[str, str] | None = None) -> Ended:
        """A daemon that comes to its market's end, and what it answers."""
        with self.living(stream, "--exit-at-end", *further, env=env) as living:
            return living.ended()

    def records(self, stream: str) -> list[Record]:
        async def read() -> list[Record]:
            async with database(self.data_dir, self.database_url) as server:
                return await read_log(PostgresLogStore(server), stream)

        return run_loop(read())

    def check(self, stream: str, ended: Ended | None = None) -> list[Record]:
        """What is in a stream's log is the backtest's, payload for payload, but for candles and notes; gives all.

        Errors: AssertionError naming the first difference.
        """
        recorded = self.records(stream)
        assert check(recorded).ok
        survived = [(r.type, r.payload) for r in recorded if r.type not in NOT_A_BACKTESTS]
        undisturbed = [(r.type, r.payload) for r in self.backtest.records]
        for place, (ours, theirs) in enumerate(zip(survived, undisturbed, strict=False)):
            assert ours == theirs, f"{stream}, entry {place}"
        assert len(survived) == len(undisturbed)
        assert ended is None or ended == self.expected
        return recorded


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


def of_type(recorded: Sequence[Record], *names: str) -> list[Any]:
    return [decoded(record) for record in recorded if record.type in names]


def derived(recorded: Sequence[Record]) -> list[tuple[str, bytes]]:
    """The kernel's own events."""
    return [(record.type, record.payload) for record in recorded if record.type in EVENT_TYPES]


def said_as_json(text: str) -> list[dict[str, Any]]:
    """The lines of a daemon's log."""
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]

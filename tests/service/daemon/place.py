"""Where daemons live in tests: a market, a strategy, streams in a database, and the backtest that each is to be."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import msgspec

from kernel.messages import MarketMessage
from kernel.notes import Note
from service.database.connect import database
from service.log.postgres import PostgresLogStore
from service.log.record import Record, decoded
from service.log.verify import check
from service.loop import run as run_loop
from service.replay import read_log
from service.streams import stream_dir
from tests.service.daemon.living import Ended, Living
from tests.service.made import EMA_CROSS, Ran, run
from venues.dataset import Dataset

CANDLED = (sys.executable, "-c", "from service.cli.main import main; main()")
NOT_A_BACKTESTS = frozenset(t.__name__ for t in (*MarketMessage.__args__, *Note.__args__))
_numbers = count(1)


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


def of_type(recorded: Sequence[Record], *names: str) -> list[Any]:
    return [decoded(record) for record in recorded if record.type in names]


def said_as_json(text: str) -> list[dict[str, Any]]:
    """The lines of a daemon's log."""
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]

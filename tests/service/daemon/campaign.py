"""The crash campaign: real daemons on a real PostgreSQL, killed over and over; what is left is to be the backtest.

    python -m tests.service.daemon.campaign --kills 200 --seed 1

A life ends by SIGKILL at a named point of a turn, or at a random moment; the next one goes on. When the market has
ended, the log without candles and notes must be the backtest's log, payload for payload: no order is in it twice, no
fill is missing, nothing was decided differently.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from kernel.messages import MarketMessage
from kernel.notes import Note
from service.daemon.crash import POINTS
from service.database.connect import database
from service.embedded.client import join
from service.log.postgres import PostgresLogStore
from service.log.record import Record
from service.log.verify import check
from service.loop import run as run_loop
from service.replay import read_log
from tests.service.made import ROOT, Ran, dataset, run, walk

STRATEGIES = ("ema_cross", "mean_reversion", "breakout", "two_strategies")
_CANDLED = [sys.executable, "-c", "from service.cli.main import main; main()"]
_LEFT_OUT = frozenset(t.__name__ for t in (*MarketMessage.__args__, *Note.__args__))
_LIFE_S = 120.0


class Ended(msgspec.Struct):
    """What `candled run --exit-at-end --json` answers with, as far as it is compared."""

    decisions_digest: str
    final_equity: str
    fills: int
    skips: dict[str, int]
    orders: int


@dataclass
class Campaign:
    """Streams in one data directory; `deaths` counts them by where they happened."""

    data_dir: Path
    chance: random.Random
    deaths: Counter[str] = field(default_factory=Counter)
    streams: int = 0

    def survive(self, strategy: str, *, rows: int, seed: int, kills: int) -> None:
        """One stream to its end, killed on the way up to `kills` times. Errors: AssertionError where it is another."""
        self.streams += 1
        stream, config = f"campaign/{self.streams}", ROOT / "examples" / f"{strategy}.toml"
        symbols = ("BTC/USDT", "ETH/USDT") if strategy == "two_strategies" else ("BTC/USDT",)
        datasets = [dataset(self.data_dir, walk(rows, seed + place), name) for place, name in enumerate(symbols)]
        whole = run(self.data_dir, datasets, config)
        ids = [option for found in datasets for option in ("--dataset", found.manifest.dataset)]
        command = [
            *_CANDLED, "run", str(config), *ids, "--stream", stream, "--speed", "max", "--exit-at-end", "--json",
            "--set", f"daemon.snapshot_every={self.chance.choice([0, 200, 1_000])}", "--data-dir", str(self.data_dir),
        ]  # fmt: skip
        ended = None
        while ended is None:
            ended = self._live(command, kill=kills > 0)
            kills -= 1
        self._compare(whole, stream, ended)

    def _live(self, command: Sequence[str], *, kill: bool) -> Ended | None:
        """One life; what it answered where it came to the market's end."""
        point = self.chance.choice([*POINTS, "any moment", "any moment"]) if kill else ""
        often = 1 if "snapshot" in point else self.chance.randint(1, 12)
        wish = {"CANDLED_CRASH_AT": f"{point}:{often}"} if point in POINTS else {}
        daemon = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=os.environ | wish)
        if point == "any moment":
            with suppress(subprocess.TimeoutExpired):
                daemon.wait(self.chance.uniform(0.5, 2.5))
            daemon.kill()
        answer, said = daemon.communicate(timeout=_LIFE_S)
        if daemon.returncode == -signal.SIGKILL and kill:
            self.deaths[point] += 1
            return None
        assert daemon.returncode == 0, said.decode()
        return msgspec.json.decode(answer, type=Ended)

    def _compare(self, whole: Ran, stream: str, ended: Ended) -> None:
        records = run_loop(self._read(stream))
        assert check(records).ok
        survived = [(r.type, r.payload) for r in records if r.type not in _LEFT_OUT]
        undisturbed = [(r.type, r.payload) for r in whole.records]
        for place, (ours, theirs) in enumerate(zip(survived, undisturbed, strict=False)):
            assert ours == theirs, f"{stream}, entry {place}"
        assert len(survived) == len(undisturbed)
        assert ended == msgspec.convert(whole.result, Ended, from_attributes=True)

    async def _read(self, stream: str) -> list[Record]:
        async with database(self.data_dir, None) as server:
            return await read_log(PostgresLogStore(server), stream)


def main() -> None:
    """Kill, until that many have died."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory, join(Path(directory)):
        campaign = Campaign(Path(directory), random.Random(options.seed))
        while campaign.deaths.total() < options.kills:
            strategy = STRATEGIES[campaign.streams % len(STRATEGIES)]
            campaign.survive(strategy, rows=3_000, seed=options.seed + campaign.streams, kills=20)
            print(f"{campaign.deaths.total()} deaths, {campaign.streams} streams ended as their backtests: {strategy}")
    for point, deaths in sorted(campaign.deaths.items()):
        print(f"{deaths:5} {point}")


if __name__ == "__main__":
    main()

"""The crash campaign: real daemons on a real PostgreSQL, killed over and over; what is left is to be the backtest.

    python -m tests.service.daemon.campaign --kills 200 --seed 1
    python -m tests.service.daemon.campaign --attack postgres --streams 10

A life ends by SIGKILL at a named point of a turn, or at a random moment; the next one goes on. When the market has
ended, the log without candles and notes must be the backtest's log, payload for payload: no order is in it twice, no
fill is missing, nothing was decided differently. The attacks (attacks.py) let the daemon live, and fall upon others.
"""

import argparse
import random
import signal
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import chain, repeat
from pathlib import Path
from subprocess import TimeoutExpired
from typing import NamedTuple

from service.daemon.crash import POINTS
from service.embedded.client import join
from tests.service.daemon.attacks import ATTACKS
from tests.service.daemon.living import Ended
from tests.service.daemon.place import Place
from tests.service.made import ROOT, dataset, walk

SYMBOLS = ("BTC/USDT", "ETH/USDT", "SOL/USDT")
ANY_MOMENT = "any moment"


class Setup(NamedTuple):
    """A strategy of the examples, in how many markets, and what is otherwise there."""

    strategy: str
    symbols: int = 1
    overrides: tuple[str, ...] = ()


class Death(NamedTuple):
    """Where a life is to end: the `often`-th time at a point, or after so many tenths of a second."""

    point: str
    often: int


SETUPS = (
    Setup("ema_cross"),
    Setup("mean_reversion", overrides=("venue.latency_ms=90000", "venue.latency_jitter_ms=60000")),  # brackets
    Setup("two_strategies", symbols=2),
    Setup("breakout"),
    Setup("paper"),
    Setup("two_strategies", symbols=2, overrides=("venue.latency_ms=70000",)),
)


@dataclass
class Campaign:
    """Streams in one data directory; `deaths` counts them by where they happened."""

    data_dir: Path
    seed: int = 1
    rows: int = 3_000
    deaths: Counter[str] = field(default_factory=Counter)
    streams: int = 0

    def place(self, setup: Setup) -> Place:
        """A new market for a setup."""
        seeds = range(self.seed + self.streams, self.seed + self.streams + setup.symbols)
        datasets = [dataset(self.data_dir, walk(self.rows, s), name) for s, name in zip(seeds, SYMBOLS, strict=False)]
        return Place(self.data_dir, datasets, ROOT / "examples" / f"{setup.strategy}.toml", setup.overrides)

    def survive(self, setup: Setup, plan: Sequence[Death], *, snapshot_every: int) -> None:
        """One stream to its end, with these deaths on the way. Errors: AssertionError where it is another.

        A death is skipped where the market ends before it.
        """
        self.streams += 1
        there, stream = self.place(setup), f"campaign/{self.streams}"
        ended = None
        lives: Iterator[Death | None] = chain(plan, repeat(None))
        while ended is None:
            ended = self._live(there, stream, next(lives), f"daemon.snapshot_every={snapshot_every}")
        there.check(stream, ended)

    def _live(self, there: Place, stream: str, death: Death | None, setting: str) -> Ended | None:
        """One life; what it answered where it came to the market's end."""
        named = death is not None and death.point in POINTS
        # What comes at a time, and not at an order, needs a market that lasts: this one does so for four seconds.
        paced = death is not None and (not named or "snapshot" in death.point)
        speed = f"{60 * self.rows / 4}" if paced else "max"
        wish = {"CANDLED_CRASH_AT": f"{death.point}:{death.often}"} if death is not None and named else {}
        with there.living(stream, "--exit-at-end", "--set", setting, speed=speed, env=wish) as daemon:
            if death is not None and not named:
                with suppress(TimeoutExpired):
                    daemon.process.wait(death.often / 10)
                daemon.process.kill()
            code, _ = daemon.answer()
            if death is None or code != -signal.SIGKILL:
                return daemon.ended()
        self.deaths[death.point] += 1
        return None


def drawn(chance: random.Random, deaths: int) -> list[Death]:
    """Where so many lives end."""
    plan = []
    for _ in range(deaths):
        point = chance.choice([*POINTS, ANY_MOMENT, ANY_MOMENT])
        often = 1 if "snapshot" in point else chance.randint(5, 30) if point == ANY_MOMENT else chance.randint(1, 12)
        plan.append(Death(point, often))
    return plan


def main() -> None:
    """Kill, until that many have died; or attack, until that many streams have ended."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rows", type=int, default=3_000)
    parser.add_argument("--attack", choices=sorted(ATTACKS))
    parser.add_argument("--streams", type=int, default=3)
    options = parser.parse_args()
    chance = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as directory, join(Path(directory)):
        campaign = Campaign(Path(directory), options.seed, options.rows)
        if options.attack:
            _attack(campaign, options.attack, options.streams, chance)
        while not options.attack and campaign.deaths.total() < options.kills:
            setup = SETUPS[campaign.streams % len(SETUPS)]
            campaign.survive(setup, drawn(chance, 20), snapshot_every=chance.choice([0, 200, 1_000]))
            _say(f"{campaign.deaths.total()} deaths, {campaign.streams} streams ended as their backtests", setup)
    for point, deaths in sorted(campaign.deaths.items()):
        print(f"{deaths:5} {point}")


def _attack(campaign: Campaign, name: str, streams: int, chance: random.Random) -> None:
    while campaign.streams < streams:
        setup = SETUPS[campaign.streams % len(SETUPS)]
        campaign.streams += 1
        blows = ATTACKS[name](campaign.place(setup), f"{name}/{campaign.streams}", chance)
        _say(f"{blows} blows by {name}, and the stream ended as its backtest", setup)


def _say(text: str, setup: Setup) -> None:
    print(f"{text}: {' '.join([setup.strategy, *setup.overrides])}", flush=True)


if __name__ == "__main__":
    main()

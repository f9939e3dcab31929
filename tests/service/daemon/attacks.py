"""Attacks on what a daemon lives on, while it lives. Each brings one stream to its end, and it must be the backtest's.

They are for `python -m tests.service.daemon.campaign --attack NAME`; each gives how many blows it struck.
"""

import os
import random
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from kernel.errors import DatabaseUnavailable, UsageError
from service import loop
from service.database.connect import database
from service.embedded.client import join
from service.embedded.home import Home
from tests.service.daemon.afar import database_afar
from tests.service.daemon.living import Living, until
from tests.service.daemon.place import Place
from tests.service.servers import Server

PACE = "12000"  # two hundred candles a second


def on_postgres(place: Place, stream: str, chance: random.Random) -> int:
    """Kill -9 the server, or one of its sessions, again and again. Its keeper starts it anew."""
    blows = 0
    with place.living(stream, "--exit-at-end", speed=PACE) as living:
        living.endpoint()
        while living.process.poll() is None:
            time.sleep(chance.uniform(0.2, 2.0))
            with suppress(ProcessLookupError, FileNotFoundError, ValueError):
                server = _server(place)
                os.kill(chance.choice([server, *_sessions(server)]), signal.SIGKILL)
                blows += 1
        ended = living.ended()
    until(lambda: _answers(place))
    place.check(stream, ended)
    return blows


def by_stopping(place: Place, stream: str, chance: random.Random) -> int:
    """Freeze a daemon; another takes over after ten seconds; the first, thawed, must see that it is over."""
    with place.living(stream, speed=PACE) as first:
        first.endpoint()
        time.sleep(chance.uniform(0.0, 4.0))
        first.process.send_signal(signal.SIGSTOP)
        with place.living(stream, "--exit-at-end", speed=PACE) as second:
            second.endpoint()
            time.sleep(chance.uniform(0.0, 2.0))
            first.process.send_signal(signal.SIGCONT)
            code, _ = first.answer()
            assert code == 3, first.said
            place.check(stream, second.ended())
    return 1


def by_cutting(place: Place, stream: str, chance: random.Random) -> int:
    """Cut the connection around COMMIT, hold its answer back, or refuse new ones for a while."""
    blows = 0
    with _server_in(place.data_dir) as server, database_afar(loop.run(server.make_home())) as afar:
        there = replace(place, database_url=afar.url)
        with there.living(stream, "--exit-at-end", speed=PACE) as living:
            living.endpoint()
            while living.process.poll() is None:
                afar.link.cut = chance.choice(["before", "after", "after", ""])
                afar.link.commit_s = chance.choice([0.0, 0.0, 0.3, 3.0])
                afar.link.down = chance.random() < 0.3
                blows += 1
                time.sleep(chance.uniform(0.1, 1.0))
                afar.link.down = False
            afar.link.cut, afar.link.commit_s = "", 0.0
            there.check(stream, living.ended())
    return blows


def by_filling(place: Place, stream: str, chance: random.Random) -> int:
    """Fill the disk of the database, and make room again. Errors: UsageError where no file system may be mounted."""
    directory = place.data_dir / f"full-{stream.replace('/', '-')}"
    directory.mkdir()
    refused = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256m", "tmpfs", directory], check=False, capture_output=True
    )
    if refused.returncode:
        raise UsageError(f"no disk to fill: {refused.stderr.decode().strip()}", fix="run it where one may mount")
    try:
        with _server_in(directory) as server:
            there = replace(place, database_url=loop.run(server.make_home()).url)
            with there.living(stream, "--exit-at-end", speed=PACE) as living:
                living.endpoint()
                blows = _fill_and_empty(living, directory / "ballast", chance)
                there.check(stream, living.ended())
    finally:
        subprocess.run(["umount", "--lazy", directory], check=True)
    return blows


def _fill_and_empty(living: Living, ballast: Path, chance: random.Random) -> int:
    blows = 0
    while living.process.poll() is None:
        with ballast.open("wb", buffering=0) as file, suppress(OSError):
            while True:
                file.write(bytes(1 << 16))
        blows += 1
        time.sleep(chance.uniform(0.5, 3.0))
        ballast.unlink()
        time.sleep(chance.uniform(0.2, 2.0))
    return blows


@contextmanager
def _server_in(directory: Path) -> Iterator[Server]:
    """The embedded server of a directory, where the role candled may log in."""
    with join(directory) as embedded:
        loop.run(_looked(directory))
        yield Server(embedded.url("candled_admin"), embedded.url("candled"))


def _answers(place: Place) -> bool:
    """Whether the server has recovered from the last blow."""
    with suppress(DatabaseUnavailable):
        loop.run(_looked(place.data_dir))
        return True
    return False


async def _looked(directory: Path) -> None:
    async with database(directory, None):
        pass


def _server(place: Place) -> int:
    """The process id of the embedded server."""
    lines = (Home.below(place.data_dir).data / "postmaster.pid").read_text().splitlines()
    return int(lines[0])


def _sessions(server: int) -> list[int]:
    return [int(pid) for pid in Path(f"/proc/{server}/task/{server}/children").read_text().split()]


Attack = Callable[[Place, str, random.Random], int]
ATTACKS: dict[str, Attack] = {"postgres": on_postgres, "stop": by_stopping, "cut": by_cutting, "full": by_filling}

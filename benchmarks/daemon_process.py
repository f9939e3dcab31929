"""`candled run` as a process of its own: from its start to READY, and what it takes while little happens."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from daemon_markets import PAPER, RICH, resident_mb

from service.api.endpoint import ENDPOINT_FILE
from service.database.connect import database
from service.embedded.client import join
from service.loop import run
from service.streams import stream_dir

CANDLED = (sys.executable, "-c", "from service.cli.main import main; main()")
PATIENCE_S = 300.0
_TICKS = os.sysconf("SC_CLK_TCK")


@contextmanager
def living(data_dir: Path, dataset: str, stream: str, speed: str) -> Iterator[tuple[int, dict[str, float]]]:
    """A daemon that is ready: its process, how many seconds that took, and how many records it made again."""
    there, said = stream_dir(data_dir, stream) / ENDPOINT_FILE, data_dir / "said"
    there.unlink(missing_ok=True)
    command = [
        *CANDLED, "run", str(PAPER), "--dataset", dataset, "--set", RICH, "--stream", stream, "--speed", speed,
        "--data-dir", str(data_dir),
    ]  # fmt: skip
    started = time.perf_counter()
    with said.open("wb") as file, subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=file) as process:
        while not there.exists():
            if process.poll() is not None or time.perf_counter() - started > PATIENCE_S:
                process.kill()
                raise SystemExit(f"the daemon was not ready: {said.read_text()[-2_000:]}")
            time.sleep(0.005)
        seconds = time.perf_counter() - started
        yield process.pid, {"s": seconds, "records": _recovered(said)}
        process.terminate()
        process.wait(60)


def _recovered(said: Path) -> int:
    lines = [json.loads(line) for line in said.read_text().splitlines() if line.startswith("{")]
    return next(int(line["records"]) for line in lines if line.get("event") == "recovered")


def ready(data_dir: Path, dataset: str, long_stream: str) -> dict[str, dict[str, float]]:
    """Seconds from a process's start to READY; the server runs already, but where its start is counted too."""

    def one(stream: str) -> dict[str, float]:
        with living(data_dir, dataset, stream, "60") as (_, found):
            return found

    def middle(*streams: str) -> dict[str, float]:
        return sorted((one(stream) for stream in streams), key=lambda found: found["s"])[len(streams) // 2]

    found = {"fresh, its server started too": one("fresh-cold")}
    with join(data_dir):
        found["fresh"] = middle("fresh-1", "fresh-2", "fresh-3")
        found["long, with a snapshot at its end"] = middle(long_stream, long_stream, long_stream)
        run(_forget_snapshots(data_dir))
        found["long, without a snapshot"] = one(long_stream)
    return found


async def _forget_snapshots(data_dir: Path) -> None:
    async with database(data_dir, None) as server, server.session() as connection:
        await connection.execute("DELETE FROM candled.snapshots")


def idle(data_dir: Path, dataset: str, minutes: float) -> dict[str, float]:
    """A market that gives a candle a minute: CPU seconds a minute, and memory at the beginning and the end."""
    with living(data_dir, dataset, "idle", "1") as (pid, _):
        time.sleep(5.0)
        before, first, started = _cpu_s(pid), resident_mb(pid), time.perf_counter()
        time.sleep(minutes * 60)
        passed = (time.perf_counter() - started) / 60
        return {
            "minutes": passed,
            "cpu_s_per_minute": (_cpu_s(pid) - before) / passed,
            "resident_mb_first": first,
            "resident_mb": resident_mb(pid),
        }


def _cpu_s(pid: int) -> float:
    """Processor time of a process, all threads, from its line in /proc (the name may have blanks in it)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def lines(found: dict[str, Any]) -> Sequence[str]:
    """For a person."""
    told = [
        f"start to ready, {name}: {f['s']:.2f} s, {f['records']:,} records made again"
        for name, f in found.get("ready", {}).items()
    ]
    if "idle" in found:
        f = found["idle"]
        told.append(
            f"idle for {f['minutes']:.1f} min: {f['cpu_s_per_minute']:.2f} s CPU a minute,"
            f" {f['resident_mb_first']:.0f} MB, then {f['resident_mb']:.0f} MB"
        )
    return told

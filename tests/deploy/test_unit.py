"""The systemd unit: hardened as far as numba allows; the hot path compiles and runs under its system-call filter."""

import ctypes
import re
import shutil
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from tests.cli.programs import CANDLED, ROOT, answer, clean_environment, imported
from tests.deploy.under_filter import LIBRARY, allowed

UNIT = ROOT / "deploy" / "candled.service"
RUNNER = Path(__file__).with_name("under_filter.py")


def _filters() -> bool:
    try:
        ctypes.CDLL(LIBRARY)
    except OSError:
        return False
    return shutil.which("systemd-analyze") is not None


needs_systemd = pytest.mark.skipif(not _filters(), reason="needs systemd-analyze and libseccomp (Debian: systemd)")


def filtered(*words, cache: Path | None = None) -> subprocess.CompletedProcess:
    """A program under the unit's filter, from the outside as it would be without it."""
    environment = clean_environment() | ({"CANDLED_CACHE_DIR": str(cache)} if cache else {})
    command = [sys.executable, RUNNER, UNIT, *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environment, check=False)


@needs_systemd
@pytest.mark.parametrize(
    "refused", ["setpriority", "ptrace", "mount", "bpf", "setuid", "reboot", "init_module", "clock_settime", "chown"]
)
def test_the_filter_takes_away_what_no_trader_needs(refused):
    assert refused not in allowed(UNIT)


@needs_systemd
def test_the_filter_is_in_force_where_it_is_tested():
    attempt = "import os; os.setpriority(os.PRIO_PROCESS, 0, os.getpriority(os.PRIO_PROCESS, 0))"
    assert subprocess.run([sys.executable, "-c", attempt], check=False).returncode == 0
    done = filtered(sys.executable, "-c", attempt)
    assert "PermissionError" in done.stderr


@needs_systemd
def test_what_the_daemon_stands_on_works_under_the_filter(tmp_path):
    """Its loop, sockets of both kinds, files that are flushed, threads, and the libraries with code of their own."""
    program = """
import asyncio, asyncpg, numpy, os, prometheus_client, pyarrow.parquet, socket, structlog, sys, uvloop, zstandard
from aiohttp import web

async def main():
    runner = web.AppRunner(web.Application())
    await runner.setup()
    await web.UnixSite(runner, sys.argv[1]).start()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    reader, writer = await asyncio.open_unix_connection(sys.argv[1])
    writer.write(b"GET / HTTP/1.1\\r\\nHost: a\\r\\nConnection: close\\r\\n\\r\\n")
    status = (await reader.readline()).decode()
    writer.close()
    with open(sys.argv[2], "wb") as file:
        await asyncio.to_thread(os.fsync, file.fileno())
    await runner.cleanup()
    print(status.split()[1], float(numpy.ones((50, 50)).dot(numpy.ones(50))[0]))

with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
    runner.run(main())
"""
    done = filtered(sys.executable, "-c", program, tmp_path / "socket", tmp_path / "file")
    assert (done.stdout, done.returncode) == ("404 50.0\n", 0), done.stderr


COMPILING = """
import service.features
service.features._WORTH_COMPILING = service.features._FEW = 0  # else a market this small would run in plain Python
from service.cli.main import main
main()
"""


@needs_systemd
@pytest.mark.parametrize("mode", ["block", "step"])
def test_the_hot_path_compiles_and_trades_the_same_under_the_filter(tmp_path, mode):
    """From an empty cache: numba, LLVM and what they write are under the filter too."""
    home, cache = tmp_path / "home", tmp_path / "cache"
    imported(home, 3_000)
    words = ("backtest", "examples/mean_reversion.toml", "--mode", mode, "--data-dir", home, "--json")
    free = subprocess.run(
        [*CANDLED, *map(str, words)], capture_output=True, text=True, cwd=ROOT, env=clean_environment(), check=True
    )
    bound = filtered(sys.executable, "-c", COMPILING, *words, cache=cache)
    assert bound.returncode == 0, bound.stderr
    assert answer(bound)["log_head"] == msgspec.json.decode(free.stdout)["log_head"]
    assert list(cache.rglob("*.nbc")), "nothing was compiled, so nothing was tested"


@needs_systemd
def test_systemd_finds_nothing_wrong_and_little_exposed(tmp_path):
    unit = tmp_path / UNIT.name  # the program is not installed here, and its absence is all that verify would say
    unit.write_text(re.sub(r"(?m)^ExecStart=\S+", f"ExecStart={shutil.which('true')}", UNIT.read_text()))
    verified = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False)
    said = [line for line in verified.stderr.splitlines() if UNIT.name in line]
    assert (verified.returncode, said) == (0, [])
    command = ["systemd-analyze", "security", "--offline=true", "--threshold=15", "--no-pager", UNIT]
    scored = subprocess.run(command, capture_output=True, text=True, check=False)
    assert scored.returncode == 0, scored.stdout[-200:]


def test_the_unit_does_what_the_daemon_counts_on():
    lines = dict(re.findall(r"(?m)^(\w+)=(.*)$", UNIT.read_text()))
    assert lines["Type"] == "notify"
    assert lines["RestartPreventExitStatus"].split() == ["2", "3", "4", "5"]
    assert "MemoryDenyWriteExecute" not in lines

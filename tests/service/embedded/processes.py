"""What runs for a data directory, as the system tells it: read from /proc, so that nothing can hide."""

import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path


def running(data_dir: Path) -> dict[int, str]:
    """The processes that name `data_dir` in their command line or work below it: pid to command line."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            with suppress(OSError):
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
                if str(data_dir) in command or (entry / "cwd").readlink().is_relative_to(data_dir):
                    found[int(entry.name)] = command
    return found


def keeper(data_dir: Path) -> int:
    (pid,) = [pid for pid, command in running(data_dir).items() if "service.embedded.keeper" in command]
    return pid


def postmaster(data_dir: Path) -> int:
    pid = int((data_dir / "postgres/data/postmaster.pid").read_text().split()[0])
    assert pid in running(data_dir)
    return pid


def wait_until(holds: Callable[[], object], *, within_s: float = 10.0) -> bool:
    deadline_s = time.monotonic() + within_s
    while not holds():
        if time.monotonic() > deadline_s:
            return False
        time.sleep(0.03)
    return True


def gone(data_dir: Path) -> bool:
    """Whether nothing is left running, or soon will not be."""
    return wait_until(lambda: not running(data_dir))

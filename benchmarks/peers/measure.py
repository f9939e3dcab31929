"""One command, measured from outside: what its whole process cost, and the JSON object that it printed.

Rule of this file: the kernel's accounts of the finished child, nothing the child says of itself.
"""

import json
import os
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Measured:
    """`report` is the printed object; seconds from start to end, CPU seconds in user and system, peak resident MiB."""

    report: dict[str, Any]
    wall_s: float
    cpu_s: float
    peak_mib: float


class CommandFailed(Exception):
    """The command ended with another code than 0; the text holds the end of what it wrote to stderr."""


def measure(command: Sequence[str | Path], folder: Path) -> Measured:
    """Run `command` in `folder` and wait for its end. Errors: CommandFailed."""
    with tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr:
        started = time.perf_counter()
        child = subprocess.Popen(command, cwd=folder, stdout=stdout, stderr=stderr, stdin=subprocess.DEVNULL)
        _, status, usage = os.wait4(child.pid, 0)
        wall_s = time.perf_counter() - started
        child.returncode = os.waitstatus_to_exitcode(status)
        stdout.seek(0)
        stderr.seek(0)
        if child.returncode != 0:
            last_words = stderr.read().decode(errors="replace").strip().splitlines()[-15:]
            raise CommandFailed(f"{command[0]} ended with {child.returncode}:\n" + "\n".join(last_words))
        report = json.loads(stdout.read())
    return Measured(report, wall_s, usage.ru_utime + usage.ru_stime, peak_mib=usage.ru_maxrss / 1024)

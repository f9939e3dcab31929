"""Data directories for the embedded server, each of which must be left by every process at the end of its test."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from service.embedded.client import join

from .processes import gone, running

ROOT = Path(__file__).resolve().parents[3]
USER = Path(__file__).with_name("user.py")


@pytest.fixture(scope="session")
def made() -> Iterator[Path]:
    """A data directory on the disk with a cluster in it, to copy: making one takes longer than the rest of a test."""
    path = Path(tempfile.mkdtemp(prefix="cd-"))
    join(path).close()
    yield path
    shutil.rmtree(path)


def in_memory() -> str | None:
    """A directory in memory where there is plenty: no fault here is the disk's, and thousands of files are written."""
    place = "/dev/shm"
    return place if Path(place).is_dir() and shutil.disk_usage(place).free > 2 << 30 else None


@pytest.fixture
def empty_dir() -> Iterator[Path]:
    """A data directory without a cluster, on a short path (pytest's own are long)."""
    path = Path(tempfile.mkdtemp(prefix="cd-", dir=in_memory()))
    try:
        yield path
        assert gone(path), f"left running: {running(path)}"
        assert not list((path / "postgres").glob("run*")), "sockets are left"
    finally:
        for pid in running(path):
            os.kill(pid, 9)
        shutil.rmtree(path)


@pytest.fixture
def data_dir(made: Path, empty_dir: Path) -> Path:
    """A data directory with a cluster."""
    shutil.copytree(made / "postgres", empty_dir / "postgres", ignore=shutil.ignore_patterns("*.log"))
    return empty_dir


class User:
    """A process that uses the server of a data directory."""

    def __init__(self, command: list[str], path: str, **options: Any) -> None:
        env = os.environ | {"PYTHONPATH": path}
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env, **options
        )

    def answer(self) -> dict[str, str]:
        """What it got: a url, or an error and its fix. Waits until it has it."""
        assert self.process.stdout is not None
        return json.loads(self.process.stdout.readline())

    def kill(self) -> None:
        self.process.kill()
        self.leave()

    def leave(self) -> None:
        """Let it go, unless it has gone, and wait for its end."""
        with self.process:
            pass


@pytest.fixture
def user() -> Iterator[Callable[..., User]]:
    """Starts users: of a data directory, by a wrapping command and with Popen's options if given."""
    users = []

    def start(
        data_dir: Path,
        *,
        python: tuple[str, ...] = (sys.executable,),
        path: str = str(ROOT),
        within: tuple[str, ...] = (),
        **options: Any,
    ) -> User:
        users.append(User([*within, *python, str(USER), str(data_dir)], path, **options))
        return users[-1]

    yield start
    for one in users:
        one.leave()

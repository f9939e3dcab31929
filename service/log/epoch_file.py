"""Which epoch may write a log file: a number in a file, read and raised under that file's lock.

The lock is held for an append, not for a writer's life, so a newer writer never waits for a stopped one.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["EpochFile"]


class EpochFile:
    """The newest epoch of one stream. `newest` and `raise_to` are for within `locked()`."""

    def __init__(self, path: Path) -> None:
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Nobody else reads, raises or relies on the epoch within."""
        fcntl.flock(self._fd, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(self._fd, fcntl.LOCK_UN)

    def newest(self) -> int:
        """The newest epoch, 0 before the first."""
        return int(os.pread(self._fd, 20, 0) or b"0")

    def raise_to(self, epoch: int) -> None:
        """Durably make `epoch` the newest."""
        os.pwrite(self._fd, b"%d\n" % epoch, 0)
        os.fsync(self._fd)

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._fd)

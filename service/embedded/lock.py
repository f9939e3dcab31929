"""Locks that end with their holders: a lock is held by every process that has its descriptor, inherited or not."""

import fcntl
import os
import time
from pathlib import Path

from kernel.errors import DatabaseUnavailable

__all__ = ["open_private", "try_lock", "wait_lock"]


def open_private(path: Path, flags: int) -> int:
    """Open a file for us alone (0600), and make it where it is missing: its directory's owner's, when we are root."""
    try:
        fd = os.open(path, flags | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return os.open(path, flags | os.O_NOFOLLOW)
    if os.geteuid() == 0:
        owner = path.parent.stat()
        os.fchown(fd, owner.st_uid, owner.st_gid)
    return fd


def try_lock(path: Path) -> int | None:
    """Lock a file and give its descriptor; None when somebody else holds it."""
    fd = open_private(path, os.O_RDWR)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(fd)
        return None
    return fd


def wait_lock(path: Path, *, timeout_s: float) -> int:
    """Lock a file as soon as its holders are gone. Errors: DatabaseUnavailable."""
    deadline_s = time.monotonic() + timeout_s
    while (fd := try_lock(path)) is None:
        if time.monotonic() > deadline_s:
            raise DatabaseUnavailable(
                f"processes of an earlier server still run after {timeout_s:.0f} s, and hold {path}",
                fix=f"find them with `fuser {path}` and end them",
            )
        time.sleep(0.005)
    return fd

"""The machine: room on the disk, a clock that is kept, files that may be open, a place for compiled code."""

import ctypes
import errno
import os
import resource
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from kernel.errors import ConfigError
from service.compiled import cache_dir, told_off
from service.doctor.finding import Finding, failed, fine, worth_knowing

__all__ = ["compiled_code", "data_dir", "kept_clock", "open_files"]

MIB: Final = 1 << 20
ROOM_NEEDED: Final = 256 * MIB  # a stream directory, a run definition, the anchor, the spool
ROOM_WANTED: Final = 2048 * MIB  # with an embedded server also its write-ahead log, 1 GiB before it is cut
FILES_NEEDED, FILES_WANTED = 256, 1024
_UNSYNCHRONIZED: Final = 5  # TIME_ERROR, what adjtimex gives while nobody disciplines the clock
_TIMEX_BYTES: Final = 512  # more than any kernel's struct timex; zeros ask without setting anything


def data_dir(
    path: Path, free_bytes: Callable[[Path], int] = lambda path: shutil.disk_usage(path).free
) -> Iterator[Finding]:
    """Whether a daemon can write there, nobody else can, and there is room."""
    there = next(step for step in (path.absolute(), *path.absolute().parents) if step.exists())
    try:
        with tempfile.TemporaryFile(dir=there):
            pass
    except OSError as error:
        mend = f"let user {os.geteuid()} write there, or choose another with --data-dir or CANDLED_DATA_DIR"
        yield failed("data directory", f"{there} cannot be written: {error.strerror}", mend)
        return
    if there == path.absolute() and there.stat().st_mode & 0o002:
        yield failed("data directory", f"anybody may write to {path}, and change its logs", f"chmod o-w {path}")
    else:
        yield fine("data directory", f"{path}" if there == path.absolute() else f"{path}, to be made")
    free = free_bytes(there)
    told, mend = f"{free // MIB:,} MiB free for {path}", "free some, or put the data directory on another disk"
    if free < ROOM_NEEDED:
        yield failed("disk", told, mend)
    elif free < ROOM_WANTED:
        yield worth_knowing("disk", told, mend)
    else:
        yield fine("disk", told)


def kept_clock(ask: Callable[[], int] | None = None) -> Iterator[Finding]:
    """Whether something keeps this machine's clock, as the system tells it."""
    state = (ask or _clock_state)()
    if state == _UNSYNCHRONIZED:
        mend = "start chrony, systemd-timesyncd or another NTP client"
        yield worth_knowing("clock", "nothing keeps this machine's clock", mend)
    elif state < 0:
        yield worth_knowing("clock", "the system does not tell whether its clock is kept", "see to it on the host")
    else:
        yield fine("clock", "kept by NTP")


def open_files(limit: int | None = None) -> Iterator[Finding]:
    """How many files a process may have open: connections of the API and of the database are files too."""
    soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0] if limit is None else limit
    told, mend = f"{soft:,} may be open", "ulimit -n 4096, or LimitNOFILE=4096 in the unit"
    if soft != resource.RLIM_INFINITY and soft < FILES_NEEDED:
        yield failed("open files", told, mend)
    elif soft != resource.RLIM_INFINITY and soft < FILES_WANTED:
        yield worth_knowing("open files", told, mend)
    else:
        yield fine("open files", told if soft != resource.RLIM_INFINITY else "any number may be open")


def compiled_code() -> Iterator[Finding]:
    """Where compiled features are kept between starts."""
    mend = "set CANDLED_CACHE_DIR to a folder of this user that stays"
    if told_off():
        yield worth_knowing("compiled code", "NUMBA_DISABLE_JIT is set: everything runs in plain Python", "unset it")
        return
    try:
        folder = cache_dir()
    except ConfigError as error:
        yield failed("compiled code", str(error), mend)
        return
    if folder.parent == Path(tempfile.gettempdir()) / f"candled-{os.getuid()}":  # the last resort of `cache_dir`
        yield worth_knowing("compiled code", f"kept in {folder}, which may be emptied", mend)
    else:
        yield fine("compiled code", f"kept in {folder}")


def _clock_state() -> int:
    """What adjtimex(2) says when it is asked without setting anything; -1 where it may not be asked."""
    libc = ctypes.CDLL(None, use_errno=True)
    state: int = libc.adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES))
    return (
        -1 if state == -1 and ctypes.get_errno() in {errno.EPERM, errno.EINVAL, errno.ENOSYS, errno.EFAULT} else state
    )

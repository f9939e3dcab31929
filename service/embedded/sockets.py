"""Where the sockets are: `run` in the home, or, where that path would not do, behind it a short private directory.

The address of a socket holds 107 bytes, and drivers split a host at commas and colons; so a directory that is deep, or
oddly named, becomes a link to one in XDG_RUNTIME_DIR, TMPDIR or /tmp.
"""

import os
import re
import shutil
import socket
import tempfile
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Final

from kernel.errors import DatabaseUnavailable
from service.embedded.home import Home

__all__ = ["KEEPER", "connect_to_keeper", "make_sockets", "remove_sockets", "sockets"]

ADDRESS_BYTES_MAX: Final = 107
KEEPER: Final = "keeper"
LONGEST_NAME: Final = ".s.PGSQL.5432"
PLAIN_PATH: Final = re.compile(r"[A-Za-z0-9/._+=@-]+")


def sockets(home: Home) -> Path:
    """The directory of the sockets, as a server and its clients name it.

    A link that was made for another home is not followed: a copy of a home must not lead to the original's server.
    """
    if home.run.is_symlink():
        target = home.run.readlink()
        if target.name.startswith(_prefix(home)):
            return target
    return home.run


def connect_to_keeper(home: Home) -> socket.socket | None:
    """A connection to the keeper; None when none listens. Errors: OSError, such as PermissionError."""
    directory = sockets(home)
    if not _usable(directory):  # nobody could have listened there since the home got this path
        return None
    keeper = socket.socket(socket.AF_UNIX)
    try:
        keeper.connect(str(directory / KEEPER))
    except OSError as error:
        keeper.close()
        if isinstance(error, FileNotFoundError | ConnectionRefusedError):
            return None
        raise
    return keeper


def make_sockets(home: Home) -> Path:
    """Make the directory of the sockets anew, 0700. Errors: DatabaseUnavailable when no path is short enough."""
    remove_sockets(home)
    if _usable(home.run):
        home.run.mkdir(mode=0o700)
        return home.run
    for parent in _short_parents():
        short = Path(tempfile.mkdtemp(prefix=_prefix(home), dir=parent))
        if _usable(short):
            home.run.symlink_to(short)
            return short
        short.rmdir()
    raise DatabaseUnavailable(
        f"no directory is short enough for the sockets of the server in {home.path}",
        fix="make /tmp writable, or choose a shorter --data-dir",
    )


def remove_sockets(home: Home) -> None:
    """Remove the directory of the sockets, one that a killed keeper left too."""
    shutil.rmtree(sockets(home), ignore_errors=True)
    home.run.unlink(missing_ok=True)


def _prefix(home: Home) -> str:
    return f"candled-{sha256(os.fsencode(home.path)).hexdigest()[:8]}-"


def _usable(directory: Path) -> bool:
    fits = len(os.fsencode(directory / LONGEST_NAME)) <= ADDRESS_BYTES_MAX
    return fits and PLAIN_PATH.fullmatch(str(directory)) is not None


def _short_parents() -> Iterator[Path]:
    for name in (os.environ.get("XDG_RUNTIME_DIR"), os.environ.get("TMPDIR"), "/tmp"):  # noqa: S108 - mkdtemp below it
        if name and Path(name).is_absolute() and os.access(name, os.W_OK | os.X_OK):
            yield Path(name)

"""Secrets are files that nobody else can read: never in a configuration, an argument or a message of ours.

systemd (LoadCredential=) and container engines put theirs where the directory is what protects them, under modes of
their own: those directories, which must be root's, are trusted.
"""

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from kernel.errors import ConfigError

__all__ = ["CONTAINER_SECRETS", "read_secret"]

CONTAINER_SECRETS: Final = Path("/run/secrets")
BYTES_MAX: Final = 1 << 16


def read_secret(path: Path, *, what: str = "the secret", environ: Mapping[str, str] = os.environ) -> str:
    """The one line in a file of mode 0600. `what` is how messages call it; no message holds a word of it.

    A bare name is looked for in $CREDENTIALS_DIRECTORY, where there is one. Errors: ConfigError.
    """
    credentials = environ.get("CREDENTIALS_DIRECTORY", "")
    if credentials and path.parent == Path():
        path = Path(credentials) / path
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            content = file.read(BYTES_MAX + 1) if stat.S_ISREG(status.st_mode) else b""
    except OSError as error:
        fix = f"write it into a file of mode 0600 that user {os.geteuid()} can read"
        raise ConfigError(f"{what} cannot be read from {path}: {error.strerror}", fix=fix) from None
    trusted = [Path(credentials)] if credentials else []
    if status.st_mode & 0o077 and not _protected(path, status, [*trusted, CONTAINER_SECRETS]):
        raise ConfigError(f"{what} in {path} can be read by others", fix=f"chmod 600 {path}")
    return _line(content, path, what)


def _protected(path: Path, status: os.stat_result, directories: list[Path]) -> bool:
    """Whether a file that others may read, but not write, lies in one of these, which is root's and theirs to give."""
    if status.st_mode & 0o022 or path.parent not in directories:
        return False
    parent = path.parent.stat()
    return parent.st_uid == 0 and not parent.st_mode & 0o022


def _line(content: bytes, path: Path, what: str) -> str:
    try:
        lines = content.decode().split()
    except UnicodeDecodeError:
        lines = []
    if len(lines) != 1 or len(content) > BYTES_MAX:
        raise ConfigError(f"{path} does not hold {what}", fix="write it into the file as one line, without spaces")
    return lines[0]

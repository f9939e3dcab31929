"""Where the API listens: a unix socket, or a port of this machine's loopback. Never where another machine could come.

A socket's path is as long as its directory makes it, its address holds 107 bytes: a longer path is reached through a
descriptor of the directory.
"""

import os
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from errno import EADDRINUSE
from pathlib import Path
from typing import Final, NamedTuple

from kernel.errors import ConfigError

__all__ = ["Port", "bind", "clear", "identity", "named", "parse", "short_name"]

ADDRESS_BYTES_MAX: Final = 107
LOOPBACK: Final = re.compile(r"(127\.0\.0\.1|localhost|\[::1\]):([0-9]{1,5})")
WAITING_MAX: Final = 64  # connections that the system keeps until they are accepted


class Port(NamedTuple):
    """A port of the loopback; 0 is any that is free."""

    host: str
    port: int


def parse(text: str, *, default: Path) -> Path | Port:
    """The place that `api.listen` names: unix:PATH or 127.0.0.1:PORT, `default` for "". Errors: ConfigError."""
    if not text:
        return default
    if text.startswith("unix:") and len(text) > len("unix:"):
        return Path(text.removeprefix("unix:")).absolute()
    found = LOOPBACK.fullmatch(text)
    if found is None or int(found[2]) > 65535:
        raise ConfigError(
            f"api.listen: {text!r} is neither unix:PATH nor a port of the loopback",
            fix='write listen = "127.0.0.1:8700", or leave it out for a unix socket below the data directory',
        )
    return Port(found[1].strip("[]").replace("localhost", "127.0.0.1"), int(found[2]))


def named(place: Path | Port) -> str:
    """The place as `parse` reads it."""
    if isinstance(place, Path):
        return f"unix:{place}"
    return f"[{place.host}]:{place.port}" if ":" in place.host else f"{place.host}:{place.port}"


def bind(place: Path | Port) -> socket.socket | None:
    """A socket that listens there; None while another process has the port. Errors: ConfigError.

    A unix socket that is there already is replaced: whoever owns the stream owns its socket.
    """
    try:
        return _bind_path(place) if isinstance(place, Path) else _bind_port(place)
    except OSError as error:
        if error.errno == EADDRINUSE:
            return None
        raise ConfigError(
            f"the API cannot listen at {named(place)}: {error.strerror or error}", fix="choose another api.listen"
        ) from None


def identity(place: Path | Port) -> int:
    """What tells a socket that is there from one that another process puts in its place; 0 for a port."""
    return place.stat().st_ino if isinstance(place, Path) else 0


def clear(place: Path | Port, own: int) -> None:
    """Remove a socket, unless another process has put its own there since."""
    with suppress(FileNotFoundError):
        if isinstance(place, Path) and identity(place) == own:
            place.unlink()


@contextmanager
def short_name(path: Path) -> Iterator[str]:
    """A name for `path` that the address of a socket can hold, while the block runs."""
    if len(os.fsencode(path)) <= ADDRESS_BYTES_MAX:
        yield str(path)
        return
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{directory}/{path.name}"
    finally:
        os.close(directory)


def _bind_path(path: Path) -> socket.socket:
    """Bound under another name first: nobody can connect before the mode is set, and no moment is without a socket."""
    if path.exists() and not path.is_socket():
        raise ConfigError(f"the API cannot listen at {path}: a file is there", fix="choose another api.listen")
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    bound = socket.socket(socket.AF_UNIX)
    try:
        with short_name(draft) as name:
            bound.bind(name)
        draft.chmod(0o600)
        bound.listen(WAITING_MAX)
        bound.setblocking(False)
        draft.replace(path)
    except OSError:
        bound.close()
        draft.unlink(missing_ok=True)
        raise
    return bound


def _bind_port(place: Port) -> socket.socket:
    bound = socket.socket(socket.AF_INET6 if ":" in place.host else socket.AF_INET)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((place.host, place.port))
        bound.listen(WAITING_MAX)
        bound.setblocking(False)
    except OSError:
        bound.close()
        raise
    return bound

"""Daemon streams: which run definition each one executes, and the directory where it keeps what is not in its log.

    <data_dir>/streams/<name>/stream.json            {stream, run}: the run that it was started with, for good
    <data_dir>/streams/<name>/head.json              its log's anchor (service/log/anchor.py)

A stream's log is in PostgreSQL under the same name, its definition where those of backtests are (runs.py). A name may
have parts joined by "/", which are directories here.
"""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from kernel.errors import UsageError
from service.durable import flush, replace_durably
from service.log.stream import checked_name

__all__ = ["Stream", "every", "find", "register", "stream_dir", "streams_dir"]

STREAM_FILE = "stream.json"


class Stream(msgspec.Struct, frozen=True):
    """A stream's name, and the id of the run definition that it executes."""

    stream: str
    run: str


def streams_dir(data_dir: Path) -> Path:
    """The directory of all daemon streams."""
    return data_dir / "streams"


def stream_dir(data_dir: Path, name: str) -> Path:
    """The directory of one, whether it is there or not. Errors: UsageError when `name` can name no stream."""
    return streams_dir(data_dir) / checked_name(name)


def register(data_dir: Path, stream: str, run: str) -> Path:
    """Note which run a stream executes, the first time; give its directory, which is on disk when this returns.

    Errors: UsageError when the stream executes another run, or can have no directory here.
    """
    home = stream_dir(data_dir, stream)
    known = find(data_dir, stream)
    if known is None:
        try:
            _make(home)
            content = msgspec.json.encode(Stream(stream, run))
            replace_durably(home / STREAM_FILE, msgspec.json.format(content) + b"\n")
        except OSError as error:
            raise UsageError(f"{home} cannot be written: {error.strerror}", fix="choose another --stream") from None
    elif known.run != run:
        raise UsageError(
            f"the stream {stream} executes the run {known.run[:12]}, and this configuration is the run {run[:12]}",
            fix="name another with --stream, or start it with the configuration that it began with",
        )
    return home


def find(data_dir: Path, name: str) -> Stream | None:
    """The stream of that name; None where there is none. Errors: UsageError when its file cannot be read."""
    try:
        path = stream_dir(data_dir, name) / STREAM_FILE
    except UsageError:  # nothing can have that name
        return None
    return _read(path) if path.is_file() else None


def every(data_dir: Path) -> Sequence[Stream]:
    """All of them, by name. Errors: UsageError when a file cannot be read."""
    return sorted((_read(path) for path in streams_dir(data_dir).rglob(STREAM_FILE)), key=lambda found: found.stream)


def _read(path: Path) -> Stream:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Stream)
    except (OSError, msgspec.MsgspecError) as error:
        raise UsageError(f"{path} does not say which run a stream executes: {error}") from None


def _make(directory: Path) -> None:
    """Make a directory and what it stands in, each of them durable."""
    if not directory.is_dir():
        _make(directory.parent)
        directory.mkdir(exist_ok=True)
        flush(directory.parent)

"""Where a running daemon is reached: endpoint.json in its stream's directory, written when it is ready."""

from pathlib import Path
from typing import Final

import msgspec

from kernel.errors import CandledError, UsageError
from service.durable import replace_durably
from service.streams import stream_dir, streams_dir

__all__ = ["Endpoint", "NoAnswer", "find_endpoint", "write_endpoint"]

ENDPOINT_FILE: Final = "endpoint.json"


class NoAnswer(CandledError):
    """No daemon runs here, or none answers where it should."""


class Endpoint(msgspec.Struct, frozen=True):
    """A daemon's process, its addresses (unix:PATH or 127.0.0.1:PORT, "" for none), its stream and its run."""

    pid: int
    api: str
    metrics: str
    stream: str
    run: str = ""


def write_endpoint(directory: Path, endpoint: Endpoint) -> None:
    """Put it where clients look: in the stream's directory."""
    replace_durably(directory / ENDPOINT_FILE, msgspec.json.encode(endpoint) + b"\n")


def find_endpoint(data_dir: Path, stream: str | None) -> tuple[Path, Endpoint]:
    """A stream's directory and endpoint; of the only stream that has one, where none is named.

    Errors: NoAnswer; UsageError where there are several, or the file cannot be read.
    """
    names = _streams(data_dir)
    if stream is None and len(names) > 1:
        what = f"{len(names)} streams have a daemon in {data_dir}"
        raise UsageError(what, fix=f"add --stream, one of: {', '.join(names)}")
    wanted = stream or "".join(names)
    if wanted not in names:
        there = f"there are daemons of: {', '.join(names)}" if names else "start one: candled run CONFIG.toml"
        raise NoAnswer(f"no daemon runs in {data_dir}{f' for the stream {stream}' if stream else ''}", fix=there)
    directory = stream_dir(data_dir, wanted)
    return directory, _read(directory)


def _streams(data_dir: Path) -> list[str]:
    above = streams_dir(data_dir)
    return sorted(str(path.parent.relative_to(above)) for path in above.rglob(ENDPOINT_FILE))


def _read(directory: Path) -> Endpoint:
    path = directory / ENDPOINT_FILE
    try:
        return msgspec.json.decode(path.read_bytes(), type=Endpoint)
    except (OSError, msgspec.MsgspecError) as error:
        raise UsageError(f"{path} does not tell where the daemon is: {error}", fix="start the daemon again") from None

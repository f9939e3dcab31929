"""Where a running daemon is reached: endpoint.json in its stream's directory, written when it is ready."""

from pathlib import Path
from typing import Final

import msgspec

from kernel.errors import UsageError
from service.durable import replace_durably
from service.streams import stream_dir, streams_dir

__all__ = ["Endpoint", "find_endpoint", "write_endpoint"]

ENDPOINT_FILE: Final = "endpoint.json"


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
    """A stream's directory and endpoint; of the only stream that has one, where none is named. Errors: UsageError."""
    if stream is not None:
        directory = stream_dir(data_dir, stream)
        if not (directory / ENDPOINT_FILE).is_file():
            raise UsageError(f"no daemon serves a stream {stream} in {data_dir}", fix=_there(_streams(data_dir)))
        return directory, _read(directory)
    names = _streams(data_dir)
    if len(names) != 1:
        what = f"{len(names)} streams in {data_dir}" if names else f"no daemon has run in {data_dir}"
        raise UsageError(what, fix=f"name one with --stream; {_there(names)}" if names else _there(names))
    directory = stream_dir(data_dir, names[0])
    return directory, _read(directory)


def _streams(data_dir: Path) -> list[str]:
    above = streams_dir(data_dir)
    return sorted(str(path.parent.relative_to(above)) for path in above.rglob(ENDPOINT_FILE))


def _there(names: list[str]) -> str:
    return f"there are: {', '.join(names)}" if names else "start one with `candled run`, or name its --data-dir"


def _read(directory: Path) -> Endpoint:
    path = directory / ENDPOINT_FILE
    try:
        return msgspec.json.decode(path.read_bytes(), type=Endpoint)
    except (OSError, msgspec.MsgspecError) as error:
        raise UsageError(f"{path} does not tell where the daemon is: {error}", fix="start the daemon again") from None

"""A log's head kept outside the log. A chain shows every change but a tail that was cut; the anchor shows that too.

Beside a stream's log stands `head.json`: {"seq", "hash", "records"}. It is replaced atomically and fsynced, always
after the records that it names, so whatever it says was durable once.
"""

from pathlib import Path

import msgspec

from kernel.errors import LogCorrupt
from service.durable import replace_durably
from service.log.record import Head

__all__ = ["HEAD_FILE", "read_anchor", "write_anchor"]

HEAD_FILE = "head.json"


class _Anchor(msgspec.Struct, frozen=True):
    seq: int
    hash: str
    records: int


def write_anchor(directory: Path, head: Head) -> None:
    """Make `head` the anchor in `directory`. It is on disk when this returns."""
    anchor = _Anchor(head.seq, head.hash.hex(), head.seq)
    replace_durably(directory / HEAD_FILE, msgspec.json.encode(anchor) + b"\n")


def read_anchor(directory: Path) -> Head | None:
    """The anchor in `directory`; None where none was written yet. Errors: LogCorrupt when it cannot be read."""
    path = directory / HEAD_FILE
    try:
        anchor = msgspec.json.decode(path.read_bytes(), type=_Anchor)
        return Head(anchor.seq, bytes.fromhex(anchor.hash))
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise LogCorrupt(f"the anchor {path} cannot be read: {error}", first_bad_seq=1) from None

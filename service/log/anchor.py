"""A log's head kept outside the log. A chain shows every change but a tail that was cut; the anchor shows that too.

Beside a stream's log stands `head.json`: {"seq", "hash", "records"}. It is replaced atomically and fsynced, always
after the records that it names, so whatever it says was durable once.
"""

import asyncio
import threading
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path

import msgspec

from kernel.errors import LogCorrupt
from service.durable import replace_durably
from service.log.record import Head
from service.log.store import LogReader

__all__ = ["HEAD_FILE", "AnchorKeeper", "check_anchor", "read_anchor", "write_anchor"]

HEAD_FILE = "head.json"
_LOST = "do not append to it: start the server that has these records, or restore its newest backup and archive"


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


async def check_anchor(reader: LogReader, stream: str, anchor: Head | None) -> None:
    """See that a log still has the record that was anchored: a standby that took over may have lost it.

    Errors: LogCorrupt when it ends before that record, or has another one there; NotFound; DatabaseUnavailable.
    """
    if anchor is None or anchor.seq == 0:
        return
    async with aclosing(reader.records(stream, first=anchor.seq)) as batches:  # type: ignore[type-var]  # generators
        batch = await anext(batches, None)
    if batch is None:
        end = await reader.head(stream)
        raise LogCorrupt(
            f"the log of {stream} ends at record {end.seq}, but {anchor.seq} were durable",
            first_bad_seq=end.seq + 1,
            fix=_LOST,
        )
    if (batch[0].seq, batch[0].hash) != anchor:
        raise LogCorrupt(
            f"record {anchor.seq} of {stream} is another one than was durable", first_bad_seq=anchor.seq, fix=_LOST
        )


class AnchorKeeper:
    """Keeps the anchor in `directory` at a head that moves, written at most once in `every_s` and at the end.

    Writing takes a thread, so that a slow disk holds nobody up. `tell` is given what is wrong, "" when nothing is: an
    anchor that cannot be written stays behind, and the log goes on.
    """

    def __init__(self, directory: Path, *, every_s: float = 1.0, tell: Callable[[str], None] = lambda _: None) -> None:
        self._directory = directory
        self._every_s = every_s
        self._tell = tell
        self._moved = asyncio.Event()
        self._writing = threading.Lock()
        self._head: Head | None = None
        self._written: Head | None = None

    def move(self, head: Head) -> None:
        """`head` is durable now. Costs nothing."""
        self._head = head
        self._moved.set()

    async def run(self) -> None:
        """For ever; canceled, it writes the last head."""
        try:
            while True:
                await self._moved.wait()
                self._moved.clear()
                self._tell(await asyncio.to_thread(self._write))
                await asyncio.sleep(self._every_s)
        finally:
            self._tell(self._write())

    def _write(self) -> str:
        """Write the newest head, where it is not written yet; what went wrong, or nothing."""
        with self._writing:
            head = self._head
            if head is None or head == self._written:
                return ""
            try:
                write_anchor(self._directory, head)
            except OSError as error:
                return f"{self._directory / HEAD_FILE} cannot be written: {error.strerror}"
            self._written = head
            return ""

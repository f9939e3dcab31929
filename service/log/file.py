"""The log's home in a file: `<runs_dir>/<stream>/log.zst`, with its anchor and its epoch beside it.

A frame is written under the lock of the epoch file, by the newest epoch alone: a second writer that opens the stream
raises the epoch, and the first one's next append finds out. Records are durable after `sync` or `close`; what a crash
leaves of a frame is cut by the next writer, never by a reader.
"""

import os
from asyncio import sleep
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from pathlib import Path

from kernel.errors import CandledError, Fenced, LogCorrupt, NotFound
from service.durable import flush
from service.log.anchor import read_anchor, write_anchor
from service.log.epoch_file import EpochFile
from service.log.frames import batches, compress
from service.log.record import GENESIS, Head, Record
from service.log.stream import check_continues, checked_name

__all__ = ["LOG_FILE", "FileLogStore", "FileLogWriter"]

LOG_FILE = "log.zst"


class FileLogStore:
    """Streams as files below `runs_dir`."""

    def __init__(self, runs_dir: Path) -> None:
        self._runs_dir = runs_dir

    async def open(self, stream: str) -> "FileLogWriter":
        """Become the stream's writer, with the next epoch. Errors: LogCorrupt when more than a torn tail is wrong."""
        return FileLogWriter(self._runs_dir / checked_name(stream))

    async def head(self, stream: str) -> Head:
        """The last whole record's seq and hash. Errors: NotFound, LogCorrupt."""
        head = Head(0, GENESIS)
        for batch in batches(self._log(stream)):
            head = Head(batch.records[-1].seq, batch.records[-1].hash)
        return head

    async def records(self, stream: str, *, first: int = 1) -> AsyncIterator[Sequence[Record]]:
        """The records from seq `first` on, a frame at a time. Errors: NotFound, LogCorrupt."""
        for batch in batches(self._log(stream)):
            if batch.records[0].seq >= first:
                yield batch.records
            elif batch.records[-1].seq >= first:
                yield [record for record in batch.records if record.seq >= first]

    async def streams(self) -> Sequence[str]:
        """The names of all streams here, sorted."""
        return sorted(str(log.parent.relative_to(self._runs_dir)) for log in self._runs_dir.rglob(LOG_FILE))

    async def close(self) -> None:
        """Nothing is held open between calls."""

    def anchor(self, stream: str) -> Head | None:
        """The head that was last made durable, None before the first time. Errors: LogCorrupt."""
        return read_anchor(self._runs_dir / checked_name(stream))

    def _log(self, stream: str) -> Path:
        path = self._runs_dir / checked_name(stream) / LOG_FILE
        if not path.is_file():
            raise NotFound(
                f"there is no log file of a stream {stream!r}", fix="candled log verify RUN takes a run's id"
            )
        return path


class FileLogWriter:
    """Appends frames to one stream's file."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._directory = directory
        self._epochs = EpochFile(directory / "epoch")
        self._fd = os.open(directory / LOG_FILE, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        try:
            with self._epochs.locked():
                self.head, last_epoch = self._recover()
                self.epoch = max(self._epochs.newest(), last_epoch) + 1
                self._epochs.raise_to(self.epoch)
            flush(directory)
        except BaseException:
            self._release()
            raise

    async def append(self, records: Sequence[Record]) -> None:
        """Write `records` as one frame, whole or not at all.

        Checked is what joins them to the log: seq, and the first one's hash. Errors: Fenced, LogCorrupt; CandledError
        when the disk refuses, and then nothing was appended.
        """
        if not records:
            return
        check_continues(self.head, records)
        last = records[-1]
        frame = compress(records)
        with self._epochs.locked():
            newest = self._epochs.newest()
            if newest != self.epoch or last.epoch != newest:
                raise Fenced(
                    f"epoch {last.epoch} of {self._directory} is over: epoch {newest} writes now",
                    fix="let one process write a stream",
                )
            self._write(frame)
        self.head = Head(last.seq, last.hash)
        await sleep(0)  # others have their turn, and a Ctrl-C is heard, however many orders a candle makes

    async def sync(self) -> None:
        """Make everything appended durable, and anchor it. Errors: Fenced."""
        with self._epochs.locked():
            os.fsync(self._fd)
            if self._epochs.newest() != self.epoch:
                raise Fenced(f"epoch {self.epoch} of {self._directory} is over", fix="let one process write a stream")
            write_anchor(self._directory, self.head)

    async def close(self) -> None:
        """Everything appended is durable, anchored and readable. A fenced writer only lets go."""
        if self._fd < 0:
            return
        try:
            with suppress(Fenced):
                await self.sync()
        finally:
            self._release()

    def _release(self) -> None:
        os.close(self._fd)
        self._fd = -1
        self._epochs.close()

    def _write(self, frame: bytes) -> None:
        size = os.fstat(self._fd).st_size
        rest = memoryview(frame)
        try:
            while rest:
                rest = rest[os.write(self._fd, rest) :]
        except OSError as error:
            os.ftruncate(self._fd, size)
            raise CandledError(
                f"{self._directory / LOG_FILE} cannot be written: {error.strerror}", fix="make room on the disk"
            ) from error

    def _recover(self) -> tuple[Head, int]:
        """The head and epoch of what is whole; the torn rest of a last frame is cut off."""
        head, epoch, end = Head(0, GENESIS), 0, 0
        for batch in batches(self._directory / LOG_FILE):
            last = batch.records[-1]
            head, epoch, end = Head(last.seq, last.hash), last.epoch, batch.end
        anchor = read_anchor(self._directory)
        if anchor is not None and anchor.seq > head.seq:
            raise LogCorrupt(
                f"{self._directory / LOG_FILE} ends at record {head.seq}, but {anchor.seq} were durable",
                first_bad_seq=head.seq + 1,
                fix="restore the file from a backup",
            )
        os.ftruncate(self._fd, end)
        return head, epoch

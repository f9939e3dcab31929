"""Commands that are durable in a file because the database is away, until they are in the log: the kill switch.

The file begins at its full size, zeros behind the last line, so that a command can be written where the disk has no
room left. A line is `<sha256 of the rest, hex> <type> <schema_version> <payload>`. A command stays pending until `done`
says that it is in the log; should a crash forget that, its key keeps it from being turned twice.
"""

import fcntl
import os
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Final

import msgspec
from msgspec.structs import replace

from kernel.codec import decode, encode
from kernel.errors import CandledError, UsageError
from kernel.messages import Command
from kernel.money import pinned
from service.durable import flush

__all__ = ["Spool"]

ROOM: Final = 65_536  # bytes, of some 300 a command; beyond it the file grows, if the disk has room
LOCK_S: Final = 5.0  # a stopped process may hold the lock, and hold it for ever


class Spool:
    """One stream's file of pending commands. Every call but `pending` ends with an fsync: call it off the loop.

    `damaged` tells what was found that is no command, line by line: what a crash cut off was told to nobody.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._done: set[str] = set()
        self._turn = threading.Lock()  # the file's own lock keeps other processes out, not other threads
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            with self._locked():
                os.fchmod(self._fd, 0o600)
                _, self.damaged, end = self._read()
                self._clear(end)
                flush(path.parent)
        except BaseException:
            self.close()
            raise

    def add(self, command: Command) -> None:
        """Make a command durable; one that is pending already is left as it is.

        Errors: UsageError for a command without a key, or with that of another; CandledError when the disk refuses,
        and then the command is not pending.
        """
        if not command.key:
            raise UsageError("a command needs a key to be kept", fix="give it one")
        with self._locked():
            commands, _, end = self._read()
            for known in commands:
                if known.key == command.key:
                    if replace(known, ts=command.ts, after=command.after) != command:
                        raise UsageError(f"the key {command.key} is another command's", fix="use a new key")
                    return
            self._write(_line(command), end)

    def pending(self) -> Sequence[Command]:
        """The commands that are not in the log yet, in the order in which they came."""
        with self._locked():
            commands, _, _ = self._read()
        return [command for command in commands if command.key not in self._done]

    def done(self, key: str) -> None:
        """The command with this key is in the log. Once all of them are, the file is as new."""
        with self._locked():
            commands, _, _ = self._read()
            self._done.add(key)
            if all(command.key in self._done for command in commands):
                self._done.clear()
                if commands:
                    self._clear(0)

    def close(self) -> None:
        """Let go of the file; what is pending stays so."""
        os.close(self._fd)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """One at a time, a former owner of the stream that does not know yet included."""
        with self._turn:
            self._lock()
            try:
                yield
            except OSError as error:
                raise CandledError(
                    f"{self._path} cannot be written: {error.strerror}", fix="make room on the disk, or mend it"
                ) from error
            finally:
                fcntl.flock(self._fd, fcntl.LOCK_UN)

    def _lock(self) -> None:
        deadline_s = time.monotonic() + LOCK_S
        while True:
            try:
                return fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > deadline_s:
                    raise CandledError(f"{self._path} is held by another process", fix="end it, if it hangs") from None
                time.sleep(0.005)

    def _read(self) -> tuple[list[Command], list[str], int]:
        """The commands, what is none, and the offset behind the last command."""
        text = os.pread(self._fd, os.fstat(self._fd).st_size, 0).split(b"\0", 1)[0]
        commands, damaged, offset, end = list[Command](), list[str](), 0, 0
        for number, line in enumerate(text.splitlines(keepends=True), 1):
            offset += len(line)
            command = _parsed(line)
            if command is None:
                damaged.append(f"line {number} of {self._path} is no whole command ({len(line)} bytes)")
            else:
                commands.append(command)
                end = offset
        return commands, damaged, end

    def _write(self, line: bytes, end: int) -> None:
        """Put a line behind the last command, durably; or leave the file as it was."""
        try:
            written = os.pwrite(self._fd, line, end)
            if written < len(line):
                os.pwrite(self._fd, line[written:], end + written)  # raises, where a full disk was the reason
            os.fsync(self._fd)
        except OSError:
            self._clear(end)
            raise

    def _clear(self, end: int) -> None:
        """Make everything from `end` on zeros again, and the file no longer than it has to be."""
        os.ftruncate(self._fd, max(end, ROOM))
        os.pwrite(self._fd, bytes(max(0, ROOM - end)), end)
        os.fsync(self._fd)


def _line(command: Command) -> bytes:
    with pinned():
        payload = encode(command)
    text = b"%b %d %b" % (command.__class__.__name__.encode(), command.schema_version, payload)
    return b"%b %b\n" % (sha256(text).hexdigest().encode(), text)


def _parsed(line: bytes) -> Command | None:
    """The command that a line holds; None when it is not whole. Errors: UsageError for one of a newer candled."""
    digest, _, text = line.rstrip(b"\n").partition(b" ")
    if not line.endswith(b"\n") or sha256(text).hexdigest().encode() != digest:
        return None
    kind, version, payload = text.split(b" ", 2)
    try:
        return decode(kind.decode(), int(version), payload)  # type: ignore[no-any-return]
    except msgspec.MsgspecError:
        return None

"""Writes lines to a descriptor that may block, from a thread of its own: whoever logs never waits for a reader.

A pipe that nobody reads fills; then so many lines wait, and what comes more is dropped and counted.
"""

import os
import select
import threading
from collections import deque
from typing import Final

__all__ = ["LINES_MAX", "Pump"]

LINES_MAX: Final = 1_000
_BYTES_MAX: Final = 4 << 20
_CLOSE_S: Final = 1.0


class Pump:
    """A text stream to log handlers: `write` returns at once. `dropped` counts lines that found no room, or no reader.

    The descriptor is a copy of `descriptor`; Python's own streams, and their locks, are not touched.
    """

    def __init__(self, descriptor: int) -> None:
        self.dropped = 0
        self._descriptor = os.dup(descriptor)
        self._waiting: deque[bytes] = deque()
        self._bytes = 0
        self._closing = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="log-pump", daemon=True)
        self._thread.start()

    def write(self, text: str) -> None:
        """Take a line, newline included."""
        line = text.encode(errors="backslashreplace")
        with self._changed:
            if len(self._waiting) >= LINES_MAX or self._bytes + len(line) > _BYTES_MAX or self._closing:
                self.dropped += 1
                return
            self._waiting.append(line)
            self._bytes += len(line)
            self._changed.notify()

    def flush(self) -> None:
        """Nothing: what waits is written when it can be."""

    def close(self, timeout_s: float = _CLOSE_S) -> None:
        """Write what waits, but no longer than so long: a reader that is gone must not keep the process alive."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join(timeout_s)
        if not self._thread.is_alive():
            os.close(self._descriptor)

    def _run(self) -> None:
        told = 0
        while True:
            with self._changed:
                while not self._waiting and not self._closing:
                    self._changed.wait()
                if not self._waiting:
                    return
                line = self._waiting.popleft()
                self._bytes -= len(line)
                missing, told = self.dropped - told, self.dropped
            if missing:
                line = b'{"level":"warning","event":"log lines were dropped","count":%d}\n' % missing + line
            if not self._written(line):
                with self._changed:
                    self.dropped += 1

    def _written(self, line: bytes) -> bool:
        """Whether all of it was. The descriptor may be one that does not block: it is another process's, too."""
        left = memoryview(line)
        while left:
            try:
                left = left[os.write(self._descriptor, left) :]
            except BlockingIOError:
                select.select([], [self._descriptor], [], 1.0)
            except OSError:
                return False
        return True

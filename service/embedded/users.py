"""The users of a server: open connections to its keeper. A connection's end, for whatever reason, is its user's end."""

import selectors
import socket
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from service.embedded.greeting import tell

__all__ = ["Users"]


class Users:
    """Admits users at a door, greets them once the server is ready, and knows whether any are left.

    As a context, it tells those who still wait of the error that ends it. What it registers with `selector` are
    functions to call when a connection has something to read.
    """

    def __init__(self, first: socket.socket, selector: selectors.BaseSelector) -> None:
        self._selector = selector
        self._present: set[socket.socket] = set()
        self._waiting: set[socket.socket] = set()
        self._last: socket.socket | None = None
        self._door = socket.socket(socket.AF_UNIX)
        self._add(first)

    def __bool__(self) -> bool:
        return bool(self._present)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self.greet(error)
        self.close_door()

    def open_door(self, path: Path) -> None:
        """Admit users at the socket `path`, whose directory says who may come."""
        self._door.bind(str(path))
        self._door.listen(128)
        self._selector.register(self._door, selectors.EVENT_READ, self._admit)

    def close_door(self) -> None:
        """Admit nobody any more: who comes now waits for this keeper's end, and starts another."""
        self._door.close()

    def greet(self, error: BaseException | None = None) -> None:
        """Tell those who wait that the server is ready, or why it will not be."""
        for user in self._waiting:
            tell(user, error)
        self._waiting.clear()

    def _admit(self) -> None:
        self._add(self._door.accept()[0])

    def _add(self, user: socket.socket) -> None:
        self._present.add(user)
        self._waiting.add(user)
        self._selector.register(user, selectors.EVENT_READ, lambda: self._hear(user))

    def _hear(self, user: socket.socket) -> None:
        with suppress(ConnectionError):
            if user.recv(64):
                return  # users have nothing to say
        self._selector.unregister(user)
        self._present.discard(user)
        self._waiting.discard(user)
        if self._present:
            user.close()
        else:
            self._last = user  # open until this process ends: that is what the user's close() waits for

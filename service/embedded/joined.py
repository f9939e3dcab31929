"""A membership that outlives its keeper. Whoever uses the server for months joins it again when the keeper is gone.

A keeper goes when it is killed, and when its server cannot be started again, on a full disk say.
"""

import time
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Final, Self

from kernel.errors import DatabaseUnavailable
from service.embedded.client import EmbeddedServer, join
from service.embedded.home import Role

__all__ = ["Joined"]

REST_S: Final = 2.0  # between tries: each starts processes


class Joined:
    """The server of `data_dir`, joined now and again when it must be. Threads may share it.

    Errors, of every call: DatabaseUnavailable, with the fix.
    """

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._turn = Lock()
        self._server = join(data_dir)
        self._failed: tuple[float, DatabaseUnavailable] | None = None

    def url(self, role: Role) -> str:
        """Where `role` connects, now. Blocks as `join` does, where that is necessary."""
        return self._present().url(role)

    def password(self, role: Role) -> str:
        """See EmbeddedServer."""
        return self._server.password(role)

    def close(self) -> None:
        """Stop using the server."""
        self._server.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _present(self) -> EmbeddedServer:
        with self._turn:
            if self._server.is_kept():
                return self._server
            if self._failed and time.monotonic() < self._failed[0] + REST_S:
                raise self._failed[1]
            self._server.close()
            try:
                self._server = join(self._data_dir)
            except DatabaseUnavailable as error:
                self._failed = time.monotonic(), error
                raise
            return self._server

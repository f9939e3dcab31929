"""All that a keeper says to a user is one line: `{"error": "", "fix": ""}` once the server is ready, or why not."""

import json
import socket
from contextlib import suppress

from kernel.errors import CandledError, DatabaseUnavailable

__all__ = ["hear", "tell"]


def tell(user: socket.socket, error: BaseException | None) -> None:
    """Say that the server is ready, or what `error` prevents it."""
    what, fix = "", ""
    if isinstance(error, CandledError):
        what, fix = str(error), error.fix
    elif error is not None:
        what, fix = f"the keeper of the embedded database failed: {error!r}", "read keeper.log beside the database"
    with suppress(OSError):  # the user is gone: its connection's end will say so
        user.sendall(json.dumps({"error": what, "fix": fix}).encode() + b"\n")


def hear(keeper: socket.socket) -> bool:
    """Wait until the server is ready: True. False when the keeper ended without a word.

    Errors: DatabaseUnavailable with the keeper's reason; TimeoutError by the socket's own timeout.
    """
    line = b""
    while not line.endswith(b"\n"):
        try:
            piece = keeper.recv(4096)
        except ConnectionError:
            return False
        if not piece:
            return False
        line += piece
    told = json.loads(line)
    if told["error"]:
        raise DatabaseUnavailable(told["error"], fix=told["fix"])
    return True

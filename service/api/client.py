"""A client of the control API for programs that wait for its answer: the command line. The standard library's HTTP."""

import socket
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec

from kernel.errors import CandledError, UsageError
from service.api.endpoint import NoAnswer
from service.api.place import parse, short_name

__all__ = ["Client"]

T = TypeVar("T")
READ_S: Final = 10.0
ORDER_S: Final = 35.0  # the API answers within 30 s, if only to say that it is not known
ANSWER_BYTES_MAX: Final = 16 * 1024 * 1024


class Client:
    """One daemon, at its address, with a token. Errors: NoAnswer; UsageError and CandledError as the API refuses."""

    def __init__(self, address: str, token: str) -> None:
        self._address = address
        self._token = token

    def get(self, path: str, answer: type[T]) -> T:
        """Ask."""
        return self._decoded(self._call("GET", path, b"", {}, READ_S), answer)

    def post(self, path: str, body: Mapping[str, Any], *, key: str) -> dict[str, Any]:
        """Order. The same key again asks what became of it."""
        headers = {"Content-Type": "application/json", "Idempotency-Key": key}
        return self._decoded(self._call("POST", path, msgspec.json.encode(body), headers, ORDER_S), dict[str, Any])

    def _call(self, method: str, path: str, body: bytes, headers: Mapping[str, str], patience_s: float) -> bytes:
        connection = _connection(self._address, patience_s)
        authorization = {"Authorization": f"Bearer {self._token}"}
        try:
            connection.request(method, path, body or None, {**headers, **authorization})
            response = connection.getresponse()
            status, content = response.status, response.read(ANSWER_BYTES_MAX)
        except (OSError, HTTPException) as error:
            slow = isinstance(error, TimeoutError)
            said = (
                f"did not answer within {patience_s:g} s"
                if slow
                else f"does not answer: {error or type(error).__name__}"
            )
            fix = "it may have done it: ask with `candled status`" if slow and method == "POST" else "is it running?"
            raise NoAnswer(f"the daemon at {self._address} {said}", fix=fix) from None
        finally:
            connection.close()
        if status >= 400:
            raise _refusal(status, content)
        return content

    def _decoded(self, content: bytes, answer: type[T]) -> T:
        try:
            return msgspec.json.decode(content, type=answer)
        except msgspec.MsgspecError as error:
            what = f"what answers at {self._address} is no daemon of this version: {error}"
            raise CandledError(what, fix="use the candled that runs the daemon") from None


class _UnixConnection(HTTPConnection):
    def __init__(self, path: Path, patience_s: float) -> None:
        super().__init__("localhost", timeout=patience_s)
        self._path = path
        self._patience_s = patience_s

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self._patience_s)
        with short_name(self._path) as name:
            self.sock.connect(name)


def _connection(address: str, patience_s: float) -> HTTPConnection:
    place = parse(address, default=Path())
    if isinstance(place, Path):
        return _UnixConnection(place, patience_s)
    return HTTPConnection(place.host, place.port, timeout=patience_s)


def _refusal(status: int, content: bytes) -> CandledError:
    try:
        said = msgspec.json.decode(content, type=dict[str, str])
    except msgspec.MsgspecError:
        said = {}
    kind = UsageError if status < 500 and status not in (408, 429) else CandledError
    return kind(said.get("error") or f"the daemon answered {status}", fix=said.get("fix", ""))

"""What the API says when it does not do what it was asked: one form, whatever went wrong."""

from collections.abc import Mapping

import msgspec
from aiohttp import web

from kernel.codec import encode
from kernel.errors import (
    CandledError,
    DatabaseUnavailable,
    Fenced,
    InvariantBroken,
    LogCorrupt,
    NotFound,
    UsageError,
)

__all__ = ["HEADERS", "Problem", "Refused", "refused_by"]

HEADERS = {"Server": "candled", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}

# The first that fits. What is not here is no error that a request could have caused.
_STATUS: tuple[tuple[type[CandledError], int, str], ...] = (
    (NotFound, 404, "not_found"),
    (UsageError, 400, "not_usable"),
    (DatabaseUnavailable, 503, "database_unavailable"),
    (Fenced, 503, "fenced"),
    (LogCorrupt, 500, "log_corrupt"),
    (InvariantBroken, 500, "invariant_broken"),
)


class Problem(msgspec.Struct, frozen=True):
    """What went wrong, what to do about it ("" where nothing helps), and a stable code."""

    error: str
    fix: str
    code: str


class Refused(Exception):
    """A request that is answered with a problem, under an HTTP status of 400 or above."""

    def __init__(
        self, status: int, code: str, error: str, *, fix: str = "", headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(error)
        self.status = status
        self.problem = Problem(error, fix, code)
        self.headers = headers or {}

    def response(self) -> web.Response:
        """The answer."""
        return web.Response(
            body=encode(self.problem),
            status=self.status,
            content_type="application/json",
            headers={**HEADERS, **self.headers},
        )


def refused_by(error: CandledError) -> Refused:
    """The refusal that an error of candled's own comes to."""
    status, code = next(((s, c) for kind, s, c in _STATUS if isinstance(error, kind)), (500, "failed"))
    return Refused(status, code, str(error), fix=error.fix)

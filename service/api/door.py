"""Every request comes in here, and is judged in this order: where from, who, what; then it is done, and noted.

The log names routes and scopes, never a token, a query or a body.
"""

import asyncio
from time import perf_counter
from typing import Any, Final

import msgspec
import structlog
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from multidict import MultiMapping

from kernel.errors import CandledError
from service.api.desk import Asked, Desk
from service.api.refusal import Refused, refused_by
from service.api.requests import IdempotencyKey
from service.api.routes import Route, route_of
from service.api.tokens import Scope, Tokens

__all__ = ["Door"]

BODY_S: Final = 10.0
TAKE_S: Final = 30.0
NAMES: Final = frozenset({"127.0.0.1", "localhost", "[::1]"})
_NO_TOKEN = "no token of this daemon was given"  # noqa: S105 - what is said, no secret
_log = structlog.get_logger(__name__)


class Door:
    """The handler of all requests."""

    def __init__(self, desk: Desk, tokens: Tokens) -> None:
        self._desk = desk
        self._tokens = tokens

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer a request, whatever it is."""
        began = perf_counter()
        noted = {"route": "", "scope": ""}
        try:
            response = await self._answer(request, noted)
        except Refused as refused:
            response = refused.response()
        except CandledError as error:
            response = refused_by(error).response()
        await _send(request, response)
        tell = _log.debug if not noted["scope"] and response.status < 400 else _log.info
        ms = round((perf_counter() - began) * 1000, 1)
        tell("api_request", method=request.method[:16], status=response.status, ms=ms, **noted)
        return response

    async def _answer(self, request: web.BaseRequest, noted: dict[str, str]) -> web.StreamResponse:
        _check_place(request)
        scope = self._scope(request)
        noted["scope"] = scope or ""
        if scope is None and request.path not in _OPEN:
            raise Refused(
                401,
                "no_token",
                _NO_TOKEN,
                fix="send Authorization: Bearer TOKEN",
                headers={"WWW-Authenticate": "Bearer"},
            )
        route, word = route_of(request.method, request.path)
        noted["route"] = route.path
        if route.scope == "operate" and scope != "operate":
            raise Refused(403, "scope", "this token may only read", fix="use the operate token")
        return await route.handler(self._desk, await _asked(request, route, word, scope or ""))

    def _scope(self, request: web.BaseRequest) -> Scope | None:
        given = request.headers.getall("Authorization", [])
        kind, _, token = given[0].partition(" ") if len(given) == 1 else ("", "", "")
        found = self._tokens.scope_of(token.strip())
        return found if kind.lower() == "bearer" else None


_OPEN = frozenset({"/livez", "/readyz"})


def _check_place(request: web.BaseRequest) -> None:
    """Nobody else's page in a browser of this machine may ask, by another name for it or across origins."""
    hosts, origins = request.headers.getall("Host", []), request.headers.getall("Origin", [])
    host = hosts[0].lower() if len(hosts) == 1 else ""
    name, _, port = (host, "", "") if host.endswith("]") else host.rpartition(":") if ":" in host else (host, "", "")
    if name not in NAMES or not (port == "" or port.isdecimal()):
        raise Refused(403, "host", "this host is not served here", fix="call it localhost or 127.0.0.1")
    if origins and origins != [f"http://{host}"]:
        raise Refused(403, "origin", "pages of other origins are not served", fix="use a program, not a browser")


async def _asked(request: web.BaseRequest, route: Route, word: str, actor: str) -> Asked:
    query = _converted(_single(request.query), route.query, "query")
    word = _converted(word, route.word, "path") if route.word is not None else word
    if route.body is None:
        return Asked(request, query, word=word, actor=actor)
    keys = request.headers.getall("Idempotency-Key", [])
    if len(keys) != 1:
        raise Refused(400, "no_key", "a command needs one Idempotency-Key", fix="send a new UUID with every new wish")
    key = _converted(keys[0], IdempotencyKey, "Idempotency-Key")
    body = await _body(request)
    try:
        decoded = msgspec.json.decode(body, type=route.body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Refused(400, "body", f"the body cannot be used: {error}", fix="see GET /openapi.json") from None
    return Asked(request, query, decoded, word, actor, key)


async def _body(request: web.BaseRequest) -> bytes:
    coded = request.headers.get("Content-Encoding", "identity")
    if request.content_type != "application/json" or coded != "identity":
        raise Refused(415, "media_type", "a command is JSON, not compressed", fix="send Content-Type: application/json")
    try:
        async with asyncio.timeout(BODY_S):
            return await request.read()
    except web.HTTPRequestEntityTooLarge:
        what = f"the body has more than {request.client_max_size} bytes"
        raise Refused(413, "too_large", what, fix="no command needs so many") from None
    except TimeoutError:
        what = f"the body was not there after {BODY_S:g} s"
        raise Refused(408, "too_slow", what, fix="send it at once", headers={"Connection": "close"}) from None
    except (HttpProcessingError, web.RequestPayloadError):
        raise Refused(400, "body", "the body is not what its headers say", headers={"Connection": "close"}) from None


def _single(query: MultiMapping[str]) -> dict[str, str]:
    names = list(query)
    if len(set(names)) < len(names):
        raise Refused(400, "query", "a parameter stands twice in the query", fix="say each once")
    return dict(query)


def _converted(given: Any, wanted: Any, what: str) -> Any:
    try:
        return msgspec.convert(given, wanted, strict=False)
    except msgspec.ValidationError as error:
        raise Refused(400, what.lower(), f"{what}: {error}", fix="see GET /openapi.json") from None


async def _send(request: web.BaseRequest, response: web.StreamResponse) -> None:
    """Hand the answer over here, where a client that does not take it can be left."""
    try:
        async with asyncio.timeout(TAKE_S):
            await response.prepare(request)
            await response.write_eof()
    except ConnectionError:
        return
    except TimeoutError:
        if request.transport is not None:
            request.transport.abort()

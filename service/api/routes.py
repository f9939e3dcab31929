"""Everything that can be asked, as one table. The document (document.py) and the door (door.py) both follow it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final, Literal

import msgspec
from aiohttp import web

from kernel.codec import encode
from kernel.money import pinned
from kernel.timeframe import parse_time
from service.api import orders, views
from service.api.answers import (
    Alive,
    AllLimits,
    Decisions,
    LogHead,
    Modules,
    Orders,
    Positions,
    Ready,
    Status,
)
from service.api.desk import Asked, Desk
from service.api.modules import as_switched
from service.api.refusal import HEADERS, Refused
from service.api.requests import (
    Acting,
    CancelAll,
    DecisionsQuery,
    EventsQuery,
    ExplainQuery,
    FeatureSwitch,
    Flatten,
    GroupName,
    NewLimits,
    NoQuery,
    OrderNumber,
    OrdersQuery,
    Trading,
)
from service.api.stream import events
from service.api.tokens import Scope
from service.daemon.handle import Ordered
from service.explanation import Explanation

__all__ = ["ROUTES", "Route", "route_of"]

Handler = Callable[[Desk, Asked], Awaitable[web.StreamResponse]]
EXPLAIN_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Route:
    """A path and what is done there. `word` is the type of what stands in the path's {}, `scope` None for anybody."""

    method: Literal["GET", "POST"]
    path: str
    scope: Scope | None
    says: str
    answer: Any
    handler: Handler
    query: type[msgspec.Struct] = NoQuery
    body: type[msgspec.Struct] | None = None
    word: Any = None


def _view(look: Callable[[Desk, Any], msgspec.Struct]) -> Handler:
    async def handler(desk: Desk, asked: Asked) -> web.StreamResponse:
        return _answer(look(desk, asked.query))

    return handler


def _order(make: orders.Order) -> Handler:
    async def handler(desk: Desk, asked: Asked) -> web.StreamResponse:
        return await orders.carried_out(desk, make(desk, asked))

    return handler


def _answer(answer: Any, status: int = 200) -> web.Response:
    with pinned():
        body = encode(answer)
    return web.Response(body=body, status=status, content_type="application/json", headers=HEADERS)


async def _ready(desk: Desk, _asked: Asked) -> web.StreamResponse:
    ready = views.readiness(desk.handle)
    return _answer(ready, 200 if ready.ready else 503)


async def _document(desk: Desk, _asked: Asked) -> web.StreamResponse:
    return web.Response(body=desk.document, content_type="application/json", headers=HEADERS)


async def _explain(desk: Desk, asked: Asked) -> web.StreamResponse:
    """One at a time, one that was given up too: each executes the log again."""
    query: ExplainQuery = asked.query
    at = parse_time(query.at)
    if desk.explaining is not None and not desk.explaining.done():
        raise Refused(429, "busy", "another explanation is being made", fix="ask again when it is there")
    made = desk.explaining = asyncio.ensure_future(desk.explain(at=at, symbol=query.symbol, strategy=query.strategy))
    finished, _ = await asyncio.wait([made], timeout=EXPLAIN_S)
    if not finished:
        what = f"the explanation was not there after {EXPLAIN_S:g} s"
        raise Refused(504, "too_long", what, fix="use `candled explain` beside the daemon")
    return _answer(made.result())


def _get(path: str, says: str, answer: Any, handler: Handler, query: type[msgspec.Struct] = NoQuery) -> Route:
    return Route("GET", path, "read", says, answer, handler, query)


def _post(path: str, says: str, body: type[msgspec.Struct], make: orders.Order, word: Any = None) -> Route:
    return Route("POST", path, "operate", says, Ordered, _order(make), body=body, word=word)


ROUTES: tuple[Route, ...] = (
    Route("GET", "/livez", None, "The process answers.", Alive, _view(lambda _d, _q: Alive(alive=True))),
    Route("GET", "/readyz", None, "Whether it trades: 503 where it does not.", Ready, _ready),
    _get("/openapi.json", "This document.", Any, _document),
    _get(
        "/status",
        "How the daemon stands.",
        Status,
        _view(lambda d, _: views.status(d.handle, speed=d.speed, version=d.version)),
    ),
    _get("/positions", "What is held.", Positions, _view(lambda d, _: views.positions(d.handle))),
    _get("/orders", "Live orders.", Orders, _view(lambda d, q: views.orders(d.handle, q)), OrdersQuery),
    _get("/decisions", "The newest.", Decisions, _view(lambda d, q: views.decisions(d.tail, q)), DecisionsQuery),
    _get("/explain", "Why it did, or did not, trade at a time.", Explanation, _explain, ExplainQuery),
    _get("/modules", "What runs.", Modules, _view(lambda d, _: Modules(as_switched(d.modules, d.handle.kernel)))),
    _get("/limits", "The limits in force.", AllLimits, _view(lambda d, _: views.limits(d.handle))),
    _get("/log/head", "Where the log ends.", LogHead, _view(lambda d, _: views.log_head(d.handle))),
    _get("/events", "What becomes durable, as server-sent events.", None, events, EventsQuery),
    _post("/pause", "Send nothing; what rests at the venue stays.", Trading, orders.set_state("halted")),
    _post("/resume", "Trade; lifts protections and quarantine.", Trading, orders.set_state("active")),
    _post("/reduce", "Take positions back only; cancels entries.", Trading, orders.set_state("reducing")),
    _post("/flatten", "Cancel and close everything, then send nothing.", Flatten, orders.flatten),
    _post("/cancel-all", "Cancel live orders.", CancelAll, orders.cancel_all),
    _post("/orders/{order}/cancel", "Cancel an order.", Acting, orders.cancel, OrderNumber),
    _post("/limits", "Change limits.", NewLimits, orders.change_limits),
    _post("/features/{group}", "Switch a group of features.", FeatureSwitch, orders.switch_features, GroupName),
)


def route_of(method: str, path: str) -> tuple[Route, str]:
    """The route, and the word in its path. Errors: Refused for a path or a method that is not there."""
    allowed = []
    for route in ROUTES:
        before, braced, after = route.path.partition("{")
        end = after.partition("}")[2]
        word = path.removeprefix(before).removesuffix(end) if braced else ""
        if path == (f"{before}{word}{end}" if word and "/" not in word else route.path):
            if route.method == method:
                return route, word
            allowed.append(route.method)
    if allowed:
        headers = {"Allow": ", ".join(allowed)}
        raise Refused(405, "method", f"not with {method}", fix=f"use {headers['Allow']}", headers=headers)
    raise Refused(404, "no_such_path", "there is nothing here", fix="GET /openapi.json tells what there is")

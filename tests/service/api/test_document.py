"""The OpenAPI document says what is there; requests made from it never fail us, and answers are what it says."""

import re
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kernel.limits import Limits
from service.api.document import document
from service.api.requests import AmountLimits
from service.api.routes import ROUTES
from tests.service.api.daemon import GROUP
from tests.service.api.schemas import ANYTHING, Schemas

DOCUMENT = msgspec.json.decode(document())
SCHEMAS = Schemas(DOCUMENT["components"]["schemas"])
OPERATIONS = [
    (method.upper(), path, operation)
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
    if path != "/events"
]
COMMANDS = [each for each in OPERATIONS if each[0] == "POST"]
HINTS: dict[str, list[Any]] = {  # what a client knows from other answers: without it few commands would be carried out
    "strategy": ["", "obedient", "cross"], "symbol": ["", "BTC/USDT", "ETH/USDT"], "group": [GROUP],
    "order": [*range(20, 40)], "at": ["1970-01-01T00:05", "1970-01-01"], "confirm": [True],
}  # fmt: skip


def schema_of(content: dict[str, Any]) -> dict[str, Any]:
    return content["content"]["application/json"]["schema"]


@st.composite
def hinted(draw: st.DrawFn, schema: dict[str, Any], name: str = "") -> Any:
    """An instance, of which what has a hint is often taken from there."""
    if name in HINTS and draw(st.booleans()):
        return draw(st.sampled_from(HINTS[name]))
    made = draw(SCHEMAS.instances(schema))
    if isinstance(made, dict):
        own = SCHEMAS.resolved(schema)["properties"]
        return {each: draw(hinted(own[each], each)) for each in made}
    return made


@st.composite
def requests(draw: st.DrawFn, operations: list[Any], *, valid: bool) -> tuple[str, str, dict[str, Any], Any]:
    """A method, a path with its query, headers, and a body; `valid` as the document has it, else nearly so."""
    method, path, operation = draw(st.sampled_from(operations))
    query: dict[str, str] = {}
    headers: dict[str, Any] = {}
    for parameter in operation["parameters"]:
        name, schema = parameter["name"], parameter["schema"]
        if not parameter["required"] and draw(st.booleans()):
            continue
        value = draw(hinted(schema, name) if valid or draw(st.booleans()) else ANYTHING)
        text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
        if parameter["in"] == "path":
            path = path.replace(f"{{{name}}}", quote(text, safe=""))
        elif parameter["in"] == "query":
            query[name] = text
        elif text.isascii() and text.isprintable():
            headers["key"] = text
    if not valid and draw(st.booleans()):
        query[draw(st.text(max_size=5))] = draw(st.text(max_size=5))
    body = None
    if "requestBody" in operation:
        schema = schema_of(operation["requestBody"])
        body = draw(hinted(schema) if valid else SCHEMAS.near(schema) | st.binary(max_size=40))
        body = msgspec.json.encode(body) if not isinstance(body, bytes) else body
    return method, f"{path}?{urlencode(query)}" if query else path, headers, body


def conforms(told, method: str, path: str) -> None:
    """The answer is one that the document has for its status."""
    bare = path.partition("?")[0].split("/")
    routes = [r for r in ROUTES if r.method == method and fits(r.path.split("/"), bare)]
    answers = DOCUMENT["paths"][routes[0].path][method.lower()]["responses"] if routes else {}
    assert str(told.status) in answers or told.status >= 400
    answer = answers.get(str(told.status), DOCUMENT["components"]["responses"]["Problem"])
    assert told.headers["Content-Type"] == "application/json"
    SCHEMAS.check(told.json, schema_of(answer))


def fits(route: list[str], path: list[str]) -> bool:
    return len(route) == len(path) and all(a == b or a[:1] == "{" for a, b in zip(route, path, strict=True))


WAYS = settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


@WAYS
@given(requests(OPERATIONS, valid=True))
def test_what_the_document_allows_is_answered_as_it_says(shared, request):
    method, path, headers, body = request
    told = shared.call(method, path, body, **headers)
    assert told.status in (200, 400, 404, 409), told
    if told.status == 400:  # what no schema can say: it is unconfirmed, or no time, or there are several
        assert told.json["code"] in ("not_confirmed", "not_usable"), told
    conforms(told, method, path)


@WAYS
@given(requests(OPERATIONS, valid=False), st.sampled_from(["operate", "operate", "read", ""]))
def test_what_it_nearly_allows_is_refused_and_never_fails(shared, request, scope):
    method, path, headers, body = request
    told = shared.call(method, path, body, scope=scope, **headers)
    assert told.status < 500, told
    if not scope and not path.startswith(("/livez", "/readyz")):
        assert told.status == 401
    if scope == "read" and method == "POST":
        assert told.status in (403, 404)
    conforms(told, method, path)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.lists(st.one_of(requests(COMMANDS, valid=True), st.integers(4, 9)), min_size=1, max_size=6))
def test_commands_among_candles_leave_a_daemon_that_answers(shared, steps):
    """Every command that was carried out or refused by the kernel is one record; others leave none."""
    daemon = shared.daemon
    for step in steps:
        if isinstance(step, int):
            shared.here(lambda minutes=step: daemon.lives(minutes))
            continue
        method, path, headers, body = step
        before, known = commands(daemon), set(daemon.keys)
        told = shared.call(method, path, body, **headers)
        fresh = not headers.get("key") or headers["key"] not in known
        turned = told.status == 200 or (told.status == 409 and told.json["code"] != "key_reused")
        assert commands(daemon) - before == (turned and fresh)
    for path in ("/status", "/positions", "/orders?ended=true", "/decisions", "/modules", "/limits"):
        told = shared.get(path)
        assert told.status == 200
        conforms(told, "GET", path)


def commands(daemon) -> int:
    return sum(
        b'"actor":"operate' in record.payload and b'"after"' in record.payload for record in daemon.writer.records
    )


def test_every_route_is_in_it_and_says_what_it_needs(shared):
    told = shared.get("/openapi.json").json
    assert told == DOCUMENT
    assert told["openapi"] == "3.1.0"
    for route in ROUTES:
        operation = told["paths"][route.path][route.method.lower()]
        assert operation["security"] == ([{"token": [route.scope]}] if route.scope else [])
        assert ("requestBody" in operation) == (route.method == "POST")
        names = {(p["in"], p["name"]) for p in operation["parameters"]}
        assert (("header", "Idempotency-Key") in names) == (route.method == "POST")
        assert ("{" in route.path) == any(place == "path" for place, _ in names)
    named = [operation["operationId"] for _, _, operation in OPERATIONS]
    assert len(set(named)) == len(named)


def test_every_reference_leads_somewhere():
    text = document().decode()
    schemas = DOCUMENT["components"]["schemas"]
    for name in {part.partition('"')[0] for part in text.split("#/components/schemas/")[1:]}:
        assert name in schemas
    for schema in schemas.values():
        SCHEMAS.resolved(schema)


def test_limits_are_the_kernels():
    assert AmountLimits.__struct_fields__ == Limits.__struct_fields__


def test_the_guide_names_every_route():
    guide = (Path(__file__).resolve().parents[3] / "docs" / "control.md").read_text()
    told = set(re.findall(r"`(GET|POST) (/[^`?]*)[^`]*`", guide))
    assert told == {(route.method, route.path) for route in ROUTES}

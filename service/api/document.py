"""The OpenAPI 3.1 document, made from the table of routes and the types that decode and encode."""

import re
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

import msgspec

from service.api.answers import Ready
from service.api.refusal import Problem
from service.api.requests import IdempotencyKey
from service.api.routes import ROUTES, Route

__all__ = ["document"]

Schema = dict[str, Any]
_REFERENCE = "#/components/schemas/{name}"
_PROBLEM = "A refusal; `code` says which."


def document() -> bytes:
    """The document, as JSON."""
    types = [t for route in ROUTES for t in (route.answer, route.body, route.word) if t not in (None, Any)]
    schemas, components = msgspec.json.schema_components([Problem, IdempotencyKey, *types], ref_template=_REFERENCE)
    problem, key, *others = schemas
    by_type = dict(zip(map(id, types), others, strict=True))
    paths: Schema = {}
    for route in ROUTES:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, by_type, key)
    return msgspec.json.format(
        msgspec.json.encode(
            {
                "openapi": "3.1.0",
                "info": {"title": "candled", "version": version("candled"), "summary": "Control of a trading daemon."},
                "servers": [{"url": "http://localhost", "description": "On loopback or a unix socket only."}],
                "paths": paths,
                "components": {
                    "schemas": components,
                    "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
                    "responses": {"Problem": _json(_PROBLEM, problem)},
                },
            }
        )
    )


def _operation(route: Route, schemas: dict[int, Schema], key: Schema) -> Schema:
    operation: Schema = {
        "operationId": re.sub("[^a-z]+", "_", route.method.lower() + route.path).rstrip("_"),
        "summary": route.says,
        "security": [{"token": [route.scope]}] if route.scope else [],
        "parameters": [*_word(route, schemas), *_query(route.query)],
        "responses": _responses(route, schemas),
    }
    if route.method == "POST":
        said = "A new one for a new wish; the same again asks what became of it. Nothing is done twice."
        operation["parameters"].append(_parameter("header", "Idempotency-Key", key | {"description": said}))
        content = {"application/json": {"schema": schemas[id(route.body)]}}
        operation["requestBody"] = {"required": True, "content": content}
    return operation


def _responses(route: Route, schemas: dict[int, Schema]) -> Schema:
    if route.answer is None:
        stream = {"text/event-stream": {"schema": {"type": "string"}}}
        done: Schema = {"200": {"description": "`id` is a record's seq, `event` its type.", "content": stream}}
    else:
        schema = {"type": "object"} if route.answer is Any else schemas[id(route.answer)]
        done = {"200": _json("As asked.", schema)}
        if route.method == "POST":
            done["202"] = _json("Done, and kept in the spool until the database is back.", schema)
        if route.answer is Ready:
            done["503"] = _json("Not so.", schema)
    return done | {"default": {"$ref": "#/components/responses/Problem"}}


def _query(query: type[msgspec.Struct]) -> Sequence[Schema]:
    (_, components) = msgspec.json.schema_components([query], ref_template=_REFERENCE)
    schema = components[query.__name__]
    required = schema.get("required", [])
    return [
        _parameter("query", name, own, required=name in required) for name, own in schema.get("properties", {}).items()
    ]


def _word(route: Route, schemas: dict[int, Schema]) -> Sequence[Schema]:
    if route.word is None:
        return []
    name = route.path.partition("{")[2].partition("}")[0]
    return [_parameter("path", name, schemas[id(route.word)])]


def _parameter(place: str, name: str, schema: Schema, *, required: bool = True) -> Schema:
    return {"name": name, "in": place, "required": required, "schema": schema}


def _json(says: str, schema: Schema) -> Schema:
    return {"description": says, "content": {"application/json": {"schema": schema}}}

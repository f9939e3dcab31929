"""GET /events: what becomes durable, as server-sent events (WHATWG HTML, 9.2). The id of each is its record's seq.

A reader has no queue: all of them read the tail, each from a place of its own. Who falls behind the tail is told what
it has missed; who takes nothing for ten seconds is disconnected.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

import msgspec
from aiohttp import web

from kernel.codec import EVENT_TYPES, MESSAGE_TYPES, encode
from kernel.money import pinned
from service.api.desk import Asked, Desk
from service.api.refusal import HEADERS, Refused
from service.api.requests import EventsQuery

__all__ = ["events"]

READERS_MAX: Final = 16
CHUNK: Final = 256  # entries
PACE_S: Final = 0.01  # a chunk, of all readers together: who catches up takes a twentieth of the loop at most
ALIVE_S: Final = 15.0
TAKE_S: Final = 10.0


async def events(desk: Desk, asked: Asked) -> web.StreamResponse:
    """Durable entries from now on, or from the one after Last-Event-ID on, where they are still there."""
    query: EventsQuery = asked.query
    types = _types(query.types)
    seq = _begin(asked.http.headers.get("Last-Event-ID", ""), desk.handle.head.seq)
    if desk.streams >= READERS_MAX:
        raise Refused(429, "too_many_readers", f"{READERS_MAX} others read /events already", fix="close one of them")
    desk.streams += 1
    try:
        response = web.StreamResponse(headers=HEADERS | {"Content-Type": "text/event-stream"})
        await response.prepare(asked.http)
        await _follow(desk, response, seq, types)
    except ConnectionError:  # the reader has gone
        pass
    except TimeoutError:
        if asked.http.transport is not None:
            asked.http.transport.abort()
    finally:
        desk.streams -= 1
    return response


async def _follow(desk: Desk, response: web.StreamResponse, seq: int, types: frozenset[str]) -> None:
    tail = desk.tail
    await _write(response, b"retry: 2000\n\n")
    while not tail.closed:
        if seq < tail.oldest:
            missed = msgspec.json.encode({"from": seq, "to": tail.oldest - 1})
            await _write(response, b"event: gap\ndata: %b\n\n" % missed)
            seq = tail.oldest
        if found := tail.read(seq, CHUNK):
            seq = found[-1][0] + 1
            if text := _text(found, types):
                await _write(response, text)
            await asyncio.sleep(PACE_S * desk.streams)
            continue
        try:
            async with asyncio.timeout(ALIVE_S):
                await tail.news(seq)
        except TimeoutError:
            await _write(response, b": alive\n\n")


async def _write(response: web.StreamResponse, text: bytes) -> None:
    async with asyncio.timeout(TAKE_S):
        await response.write(text)


def _text(found: Sequence[tuple[int, msgspec.Struct]], types: frozenset[str]) -> bytes:
    with pinned():
        return b"".join(
            b"id: %d\nevent: %b\ndata: %b\n\n" % (seq, type(entry).__name__.encode(), encode(entry))
            for seq, entry in found
            if not types or type(entry).__name__ in types
        )


def _types(text: str) -> frozenset[str]:
    known = MESSAGE_TYPES.keys() | EVENT_TYPES.keys()
    wanted = frozenset(filter(None, text.split(",")))
    if unknown := sorted(wanted - known):
        what = f"there are no entries of type {', '.join(unknown)[:200]}"
        raise Refused(400, "no_such_type", what, fix=f"there are: {', '.join(sorted(known))}")
    return wanted


def _begin(last: str, head: int) -> int:
    """The first seq to send: the one after `last`, but none that is not there yet."""
    if not last:
        return head + 1
    if not (last.isascii() and last.isdecimal() and len(last) < 20):
        raise Refused(400, "not_usable", "Last-Event-ID is no record's seq", fix="send the id of the last event seen")
    return min(int(last), head) + 1

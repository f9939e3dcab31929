"""The whole state as bytes, and back: what the kernel knows, what engines and rules remember.

Msgpack knows no whole number beyond 64 bits, as prices and volumes may be, and JSON no NaN, as features may be: what
counts in units is JSON inside msgpack, and the wide numbers of a rule, of which nobody knows the types, are marked.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import msgspec

from kernel.errors import InvariantBroken
from kernel.features.bars import BarMaker
from kernel.features.engine import Engine, Memory, Seen
from kernel.money import pinned
from kernel.orders import Order
from kernel.pipeline import CandlePipeline
from kernel.state import State

__all__ = ["read_snapshot", "remind", "write_snapshot"]

_WIDE = 1  # msgpack's extension type for a whole number: its bytes, the highest first, in two's complement
_Order = tuple[list[str], list[tuple[str, list[str]]]]  # of the markets; of the books, and of each one's positions
_Candles = tuple[list[BarMaker], Seen | None, Seen | None]  # of an engine: bars in the making, the newest two candles
_Arrays = tuple[list[float], list[int]]  # of an engine: floats and whole numbers below 2**63


class _InUnits(msgspec.Struct):
    """The encoder sorts names, whose order matters, and cannot sort numbers: both go beside the state."""

    state: State
    places: _Order
    orders: list[Order]
    ended: list[Order]
    candles: dict[str, dict[str, _Candles]]


class _Snapshot(msgspec.Struct, array_like=True):
    in_units: bytes
    arrays: dict[str, dict[str, _Arrays]]
    rules: dict[str, dict[str, Any]]


def write_snapshot(
    state: State, pipelines: Mapping[str, Mapping[str, CandlePipeline]], engines: Mapping[str, Mapping[str, Engine]]
) -> bytes:
    """The bytes; equal states have equal ones."""
    rules = {
        name: {symbol: p.rule.memory for symbol, p in own.items() if p.rule is not None}
        for name, own in pipelines.items()
    }
    memories = {name: {symbol: e.memory() for symbol, e in own.items()} for name, own in engines.items()}
    in_units = _InUnits(
        replace(state, orders={}, ended={}),
        (list(state.markets), [(name, list(book.positions)) for name, book in state.books.items()]),
        list(state.orders.values()),
        list(state.ended.values()),
        {name: {s: (m.bars, m.newest, m.earlier) for s, m in own.items()} for name, own in memories.items()},
    )
    arrays = {name: {s: (m.floats, m.ints) for s, m in own.items()} for name, own in memories.items()}
    with pinned():
        plain = msgspec.to_builtins(rules, builtin_types=(bytes, bytearray), order="deterministic")
        return _ENCODER.encode(_Snapshot(_JSON.encode(in_units), arrays, _marked(plain)))


def read_snapshot(snapshot: bytes) -> tuple[State, dict[str, dict[str, Any]], dict[str, dict[str, Memory]]]:
    """The state, and by strategy and symbol what rules and engines remember."""
    found = _DECODER.decode(snapshot)
    there = _JSON_DECODER.decode(found.in_units)
    state, (symbols, seats) = there.state, there.places
    orders, gone = ({o.request.order: o for o in kept} for kept in (there.orders, there.ended))
    markets = {symbol: state.markets[symbol] for symbol in symbols}
    books = {name: state.books[name] for name, _ in seats}
    for name, traded in seats:
        books[name].positions = {symbol: books[name].positions[symbol] for symbol in traded}
    memories = {
        name: {symbol: _memory(arrays, there.candles[name][symbol]) for symbol, arrays in own.items()}
        for name, own in found.arrays.items()
    }
    return replace(state, markets=markets, books=books, orders=orders, ended=gone), found.rules, memories


def remind(pipelines: Mapping[str, Mapping[str, CandlePipeline]], memories: Mapping[str, Mapping[str, Any]]) -> None:
    """Give every rule its memory back, as the kind of memory that it makes itself."""
    for name, own in memories.items():
        for symbol, memory in own.items():
            rule = pipelines[name][symbol].rule
            if rule is not None and rule.memory is not None:
                rule.memory = msgspec.convert(memory, type(rule.memory))


def _memory(arrays: _Arrays, candles: _Candles) -> Memory:
    (floats, ints), (bars, newest, earlier) = arrays, candles
    return Memory(floats, ints, bars, newest, earlier)


def _marked(plain: Any) -> Any:
    """The same, with the whole numbers marked that msgpack does not know."""
    if isinstance(plain, dict):
        return {key: _marked(value) for key, value in plain.items()}
    if isinstance(plain, list | tuple):
        return [_marked(value) for value in plain]
    if isinstance(plain, int) and plain.bit_length() > 63:
        return msgspec.msgpack.Ext(_WIDE, plain.to_bytes(plain.bit_length() // 8 + 1, "big", signed=True))
    return plain


def _unmarked(code: int, marked: memoryview) -> int:
    if code != _WIDE:
        raise InvariantBroken(f"a snapshot holds an extension of type {code}")
    return int.from_bytes(marked, "big", signed=True)


_JSON = msgspec.json.Encoder(order="deterministic")
_ENCODER = msgspec.msgpack.Encoder(order="deterministic")
_JSON_DECODER = msgspec.json.Decoder(_InUnits)
_DECODER = msgspec.msgpack.Decoder(_Snapshot, ext_hook=_unmarked)

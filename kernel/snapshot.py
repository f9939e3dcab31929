"""The whole state as bytes, and back: what the kernel knows, what engines and rules remember."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import msgspec

from kernel.features.engine import Engine, Memory
from kernel.money import pinned
from kernel.orders import Order
from kernel.pipeline import CandlePipeline
from kernel.state import State

__all__ = ["read_snapshot", "remind", "write_snapshot"]

_ENCODER = msgspec.msgpack.Encoder(order="deterministic")
_Order = tuple[list[str], list[tuple[str, list[str]]]]  # of the markets; of the books, and of each one's positions
_DECODER = msgspec.msgpack.Decoder(
    tuple[State, _Order, list[Order], list[Order], dict[str, dict[str, Any]], dict[str, dict[str, Memory]]]
)


def write_snapshot(
    state: State, pipelines: Mapping[str, Mapping[str, CandlePipeline]], engines: Mapping[str, Mapping[str, Engine]]
) -> bytes:
    """The bytes. The encoder sorts names, whose order matters, and cannot sort numbers: both go beside the state."""
    memories = {
        name: {symbol: p.rule.memory for symbol, p in own.items() if p.rule is not None}
        for name, own in pipelines.items()
    }
    remembered = {name: {symbol: e.memory() for symbol, e in own.items()} for name, own in engines.items()}
    bare = replace(state, orders={}, ended={})
    places = list(state.markets), [(name, list(book.positions)) for name, book in state.books.items()]
    with pinned():
        return _ENCODER.encode(
            (bare, places, list(state.orders.values()), list(state.ended.values()), memories, remembered)
        )


def read_snapshot(snapshot: bytes) -> tuple[State, dict[str, dict[str, Any]], dict[str, dict[str, Memory]]]:
    """The state, and by strategy and symbol what rules and engines remember."""
    state, (symbols, seats), live, ended, memories, engines = _DECODER.decode(snapshot)
    orders, gone = ({o.request.order: o for o in kept} for kept in (live, ended))
    markets = {symbol: state.markets[symbol] for symbol in symbols}
    books = {name: state.books[name] for name, _ in seats}
    for name, traded in seats:
        books[name].positions = {symbol: books[name].positions[symbol] for symbol in traded}
    return replace(state, markets=markets, books=books, orders=orders, ended=gone), memories, engines


def remind(pipelines: Mapping[str, Mapping[str, CandlePipeline]], memories: Mapping[str, Mapping[str, Any]]) -> None:
    """Give every rule its memory back, as the kind of memory that it makes itself."""
    for name, own in memories.items():
        for symbol, memory in own.items():
            rule = pipelines[name][symbol].rule
            if rule is not None and rule.memory is not None:
                rule.memory = msgspec.convert(memory, type(rule.memory))

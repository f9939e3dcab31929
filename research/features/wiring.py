"""Who reads what in the batch graph: every feature, column and source as a node with a name of its own.

Features keep their names, which are of small letters; all other nodes begin with a capital: CANDLES, BARS_1h,
SEEN_ETH_USDT, CLOSE, CLOSE_1h, CLOSE_OF_ETH_USDT.
"""

from collections.abc import Sequence
from typing import NamedTuple

from kernel.features.declaration import Feature, checked
from kernel.features.resolve import Resolver, needed
from kernel.indicators.kind import COLUMNS
from kernel.timeframe import timeframe_ns

__all__ = ["CANDLES", "MARKET", "ColumnNode", "FeatureNode", "SourceNode", "Wiring", "wire"]

MARKET = "MARKET"
CANDLES = "CANDLES"


class SourceNode(NamedTuple):
    """Candles (no length, no symbol), bars of `length_ns`, or another symbol's candles, whose market is `reads`."""

    name: str
    length_ns: int = 0
    symbol: str = ""
    reads: str = MARKET


class ColumnNode(NamedTuple):
    """Column `place` of a source."""

    name: str
    source: str
    place: int


class FeatureNode(NamedTuple):
    """A feature with all defaults filled in. Its kind counts the candles of `clock`; an input is a node or a number."""

    declared: Feature
    clock: str
    inputs: tuple[str | float, ...]


class Wiring(NamedTuple):
    """All nodes, by name."""

    sources: dict[str, SourceNode]
    columns: dict[str, ColumnNode]
    features: dict[str, FeatureNode]


def wire(declared: Sequence[Feature], wanted: Sequence[str], base_ns: int) -> Wiring:
    """The nodes that the wanted features stand on, over candles of `base_ns`. Errors: ConfigError, as a plan's."""
    resolver = Resolver(declared, base_ns)
    for name in wanted:
        resolver.feature(name)
    wiring = Wiring({CANDLES: SourceNode(CANDLES)}, {}, {})
    for feature in needed(declared, wanted):
        whole = checked(feature)
        length = timeframe_ns(whole.timeframe) if whole.timeframe else base_ns
        clock = CANDLES if length == base_ns else _source(wiring, f"BARS_{whole.timeframe}", length_ns=length)
        wiring.features[whole.name] = FeatureNode(whole, clock, tuple(_input(wiring, i, clock) for i in whole.inputs))
    return wiring


def _input(wiring: Wiring, text: str, clock: str) -> str | float:
    """The node of an input, which the resolver has found to be one of these."""
    symbol, _, column = text.rpartition(":")
    if text in COLUMNS:
        bars = clock.removeprefix("BARS_")
        return _column(wiring, text.upper() + ("" if clock == CANDLES else f"_{bars}"), clock, text)
    if symbol and column in COLUMNS:
        word = _word(wiring, symbol)
        source = _source(wiring, f"SEEN_{word}", symbol=symbol, reads=f"MARKET_{word}")
        return _column(wiring, f"{column.upper()}_OF_{word}", source, column)
    return text if text[0].islower() else float(text)  # a feature's name begins with a small letter


def _source(wiring: Wiring, name: str, *, length_ns: int = 0, symbol: str = "", reads: str = MARKET) -> str:
    wiring.sources[name] = SourceNode(name, length_ns, symbol, reads)
    return name


def _column(wiring: Wiring, name: str, source: str, column: str) -> str:
    wiring.columns[name] = ColumnNode(name, source, COLUMNS.index(column))
    return name


def _word(wiring: Wiring, symbol: str) -> str:
    """A symbol as part of a name; another symbol that would be written the same gets another word."""
    word = "".join(c if c.isascii() and c.isalnum() else "_" for c in symbol)
    while wiring.sources.get(f"SEEN_{word}", SourceNode("", symbol=symbol)).symbol != symbol:
        word += "_"
    return word

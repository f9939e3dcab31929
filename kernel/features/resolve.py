"""From names to nodes: what every input of every needed feature is, each node once."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from math import isfinite
from typing import NamedTuple

from kernel.errors import ConfigError
from kernel.features.declaration import Feature, checked
from kernel.indicators.kind import COLUMNS, Kind
from kernel.indicators.registry import kind_named
from kernel.timeframe import timeframe_ns

__all__ = ["Draft", "Origin", "Resolver", "Source", "needed"]


class Source(NamedTuple):
    """Where columns come from: the candles themselves ("" and 0), bars of a length, or another symbol's candles."""

    symbol: str
    length_ns: int


class Origin(NamedTuple):
    """What a value is: an output of a node, a column of a source, or a constant; the others are -1, "" and 0."""

    node: int = -1
    output: str = ""
    source: int = -1
    column: int = -1
    constant: float = 0.0


@dataclass(frozen=True, slots=True)
class Draft:
    """A node before it has its place. `clock` is the source whose candles it counts, `level` its depth."""

    kind: Kind
    params: tuple[int | float, ...]
    inputs: tuple[Origin, ...]
    clock: int
    level: int


class Resolver:
    """Collects `drafts`, inputs before their readers, and `sources`, the candles first.

    `base_ns` is the length of the candles: bars of that length are the candles. Errors: ConfigError.
    """

    def __init__(self, declared: Iterable[Feature], base_ns: int) -> None:
        self.drafts: list[Draft] = []
        self.sources = [Source("", 0)]
        self._base_ns = base_ns
        self._declared: Mapping[str, Feature] = _by_name(declared)
        self._found: dict[str, Origin] = {}
        self._places: dict[tuple[object, ...], int] = {}
        self._open: list[str] = []

    def feature(self, name: str) -> Origin:
        """The node output that a feature is."""
        if name not in self._found:
            if name not in self._declared:
                raise _unknown(name, "no feature is declared as", self._declared)
            if name in self._open:
                ring = " -> ".join([*self._open[self._open.index(name) :], name])
                raise ConfigError(f"features read each other in a ring: {ring}")
            self._open.append(name)
            self._found[name] = self._draft(checked(self._declared[name]))
            self._open.pop()
        return self._found[name]

    def _draft(self, declared: Feature) -> Origin:
        kind = kind_named(declared.kind)
        length = timeframe_ns(declared.timeframe) if declared.timeframe else 0
        clock = self._source(Source("", length), declared)
        inputs = tuple(self._input(text, clock, declared) for text in declared.inputs)
        params = tuple(declared.params.values())
        key = (kind.name, params, inputs, clock)
        if key not in self._places:
            level = 1 + max((self.drafts[o.node].level for o in inputs if o.node >= 0), default=-1)
            self._places[key] = len(self.drafts)
            self.drafts.append(Draft(kind, params, inputs, clock, level))
        return Origin(node=self._places[key], output=declared.output)

    def _source(self, source: Source, declared: Feature) -> int:
        if source.length_ns == self._base_ns:
            source = Source("", 0)
        elif source.length_ns and (source.length_ns < self._base_ns or source.length_ns % self._base_ns):
            raise ConfigError(
                f"feature {declared.name}: bars of {declared.timeframe} cannot be made of these candles",
                fix="use candles that a bar is a multiple of",
            )
        if source not in self.sources:
            self.sources.append(source)
        return self.sources.index(source)

    def _input(self, text: str, clock: int, declared: Feature) -> Origin:
        if text in COLUMNS:
            return Origin(source=clock, column=COLUMNS.index(text))
        symbol, colon, column = text.rpartition(":")
        if colon and symbol and column in COLUMNS:
            return Origin(source=self._source(Source(symbol, 0), declared), column=COLUMNS.index(column))
        if (constant := _number(text)) is not None:
            return Origin(constant=constant)
        if text not in self._declared:
            raise _unknown(
                text, f"feature {declared.name} reads what is neither a column nor a feature:", self._declared
            )
        return self.feature(text)


def _by_name(declared: Iterable[Feature]) -> dict[str, Feature]:
    by_name: dict[str, Feature] = {}
    for feature in declared:
        if by_name.setdefault(feature.name, feature) is not feature:
            raise ConfigError(f"two features are called {feature.name}", fix="give one of them another name")
    return by_name


def needed(declared: Iterable[Feature], wanted: Iterable[str]) -> tuple[Feature, ...]:
    """The declarations that the wanted features stand on, themselves included, in the order of their declaration."""
    by_name = {f.name: f for f in declared}
    found: set[str] = set()
    waiting = list(wanted)
    while waiting:
        name = waiting.pop()
        if name in by_name and name not in found:
            found.add(name)
            waiting += checked(by_name[name]).inputs
    return tuple(f for f in by_name.values() if f.name in found)


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if isfinite(value) else None


def _unknown(name: str, what: str, declared: Iterable[str]) -> ConfigError:
    near = get_close_matches(name, [*COLUMNS, *declared], n=3, cutoff=0.0)
    return ConfigError(f"{what} {name!r}", fix=f"nearest are: {', '.join(near)}; candled features list shows all")

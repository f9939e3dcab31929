"""Features over whole datasets, each computed as a node of Hamilton's graph.

A column's values are those that the hot path gives after each candle, bit for bit: a value never depends on later
candles, so a window's columns are the beginning of the whole dataset's.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kernel.errors import UsageError
from kernel.features.declaration import Feature
from kernel.features.transform import declaration_hashes
from kernel.timeframe import iso
from research.features.cache import Cache, column_key, columns_code
from research.features.nodes import Scanner, fitting_scanner
from research.features.obstacles import check_groups, obstacles, refuse
from research.features.sources import Column, Market, Series, Source, held, market_of
from research.features.wiring import CANDLES, MARKET, Wiring, wire
from service.definition import Window
from venues.dataset import Dataset

if TYPE_CHECKING:
    from research.features.graph import Graph

__all__ = ["Batch", "compute", "markets_of", "prepare"]

_ALL = Window()


@dataclass(frozen=True, slots=True)
class Batch:
    """A prepared batch: `markets` by symbol, the computed one first; each feature's hash and, with a cache, its key."""

    wanted: tuple[str, ...]
    markets: Mapping[str, Market]
    wiring: Wiring
    hashes: Mapping[str, str]
    keys: Mapping[str, str]
    graph: "Graph"
    cache: Cache | None

    @property
    def base(self) -> Market:
        """The market whose candles the columns belong to."""
        return next(iter(self.markets.values()))

    def compute(self) -> dict[str, Column]:
        """The wanted features: a float64 a candle, NaN where there is no value."""
        inputs = {MARKET: self.base}
        inputs |= {s.reads: self.markets[s.symbol] for s in self.wiring.sources.values() if s.symbol}
        sources: dict[str, Source] = self.graph.execute(list(self.wiring.sources), inputs)
        known = self._cached(sources)
        made: dict[str, Series] = self.graph.execute(self.wanted, inputs, {**sources, **known})
        base = sources[CANDLES].moments
        return {name: held(made[name], base) for name in self.wanted}

    def rows(self, window: Window) -> slice:
        """The rows that open in the window. Errors: UsageError when there are none."""
        times = self.base.block.open_time
        first = 0 if window.first is None else int(times.searchsorted(window.first))
        end = len(times) if window.before is None else int(times.searchsorted(window.before))
        if first >= end:
            what = f"dataset {self.base.dataset[:12]} has no candle in that time"
            raise UsageError(what, fix=f"it begins at {iso(int(times[0]))} and ends with {iso(int(times[-1]))}")
        return slice(first, end)

    def _cached(self, sources: Mapping[str, Source]) -> dict[str, Series]:
        """What need not be computed: the wanted features that are in the cache, else what they read, and so on."""
        found: dict[str, Series] = {}
        waiting, asked = list(self.wanted), set(self.wanted)
        while self.cache is not None and waiting:
            name = waiting.pop()
            node = self.wiring.features[name]
            values = self.cache.load(self.keys[name])
            if values is not None:
                found[name] = Series(sources[node.clock].moments, values)
            else:
                reads = [text for text in node.inputs if text in self.wiring.features and text not in asked]
                waiting += reads
                asked |= set(reads)
        return found


def markets_of(datasets: Sequence[Dataset], window: Window = _ALL) -> dict[str, Market]:
    """The datasets' candles by symbol. Errors: UsageError for two of one symbol, and as `market_of`."""
    markets: dict[str, Market] = {}
    for dataset in datasets:
        market = market_of(dataset, window)
        if market.symbol in markets:
            raise UsageError(f"two datasets are of {market.symbol}", fix="give one dataset for each market")
        markets[market.symbol] = market
    return markets


def prepare(
    markets: Mapping[str, Market],
    declared: Sequence[Feature],
    wanted: Sequence[str],
    *,
    off: Collection[str] = (),
    scanner: Callable[[int], Scanner] = fitting_scanner,
    cache: Cache | None = None,
    done: Callable[[str], None] = lambda _name: None,
) -> Batch:
    """The wanted features over the first market. Groups that are `off` are not in the graph; the others' columns are
    kept in the `cache` and taken from it; `done` is told of every node that was computed.

    Errors: ConfigError for an unknown name or group, for features that these markets do not give, or that read one of a
    group that is off.
    """
    from research.features.graph import feature_graph

    base = next(iter(markets.values()))
    check_groups(declared, off)
    refuse(obstacles(declared, wanted, base.base_ns, symbols=markets, off=off))
    wiring = wire(declared, wanted, base.base_ns)
    hashes = declaration_hashes(declared, list(wiring.features))
    keys = _keys(wiring, hashes, markets) if cache is not None else {}

    def keep(name: str, values: Column) -> None:
        if cache is not None:
            cache.save(keys[name], values)

    graph = feature_graph(wiring, off=off, scanner=scanner, keep=keep, done=done)
    return Batch(tuple(wanted), markets, wiring, hashes, keys, graph, cache)


def compute(
    datasets: Sequence[Dataset],
    declared: Sequence[Feature],
    wanted: Sequence[str],
    *,
    off: Collection[str] = (),
    window: Window = _ALL,
    scanner: Callable[[int], Scanner] = fitting_scanner,
    done: Callable[[str], None] = lambda _name: None,
) -> dict[str, Column]:
    """The wanted features of the first dataset's candles, by name, as they open in the window; nothing is cached.

    The other datasets are markets that features may read. Candles before the window are not even read: its first candle
    is the first that the features see. Errors: as `prepare` and `market_of`.
    """
    markets = markets_of(datasets, window)
    return prepare(markets, declared, wanted, off=off, scanner=scanner, done=done).compute()


def _keys(wiring: Wiring, hashes: Mapping[str, str], markets: Mapping[str, Market]) -> dict[str, str]:
    """The cache key of every feature."""
    code, base = columns_code(), next(iter(markets.values()))
    read: dict[str, frozenset[str]] = {}

    def symbols(name: str) -> frozenset[str]:
        """The other markets that a feature stands on."""
        if name not in read:
            texts = [text for text in wiring.features[name].inputs if isinstance(text, str)]
            columns = [wiring.sources[wiring.columns[text].source] for text in texts if text in wiring.columns]
            own = {source.symbol for source in columns if source.symbol}
            read[name] = frozenset(own).union(*(symbols(text) for text in texts if text in wiring.features))
        return read[name]

    return {
        name: column_key(code, hashes[name], base, {symbol: markets[symbol] for symbol in symbols(name)})
        for name in wiring.features
    }

"""What is certified on: the candles of one market whose features are made, and of others that those may read."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from itertools import repeat
from typing import Any

import numpy as np

from kernel.features.block import Block
from kernel.instrument import Instrument
from kernel.messages import CandleClosed
from research.features.batch import markets_of
from research.features.sources import Market
from service.definition import Window
from venues.dataset import Dataset
from venues.instruments import instrument_for

__all__ = ["Recording", "between", "blocks_of", "candles", "head", "recording_of", "tail", "touched"]

_PIECE = 65_536  # candles whose numbers are made Python's own at once


@dataclass(frozen=True, slots=True)
class Recording:
    """Markets and instruments by symbol, the certified one's first."""

    markets: Mapping[str, Market]
    instruments: Mapping[str, Instrument]

    @property
    def symbol(self) -> str:
        """The market whose features are certified."""
        return next(iter(self.markets))

    @property
    def base(self) -> Market:
        """Its candles."""
        return self.markets[self.symbol]

    @property
    def rows(self) -> int:
        """How many candles it has."""
        return len(self.base.block.open_time)

    def with_blocks(self, blocks: Mapping[str, Block]) -> "Recording":
        """The same markets with other candles."""
        markets = {symbol: market._replace(block=blocks[symbol]) for symbol, market in self.markets.items()}
        return Recording(markets, self.instruments)


@lru_cache(maxsize=1)
def recording_of(datasets: tuple[Dataset, ...], window: Window) -> Recording:
    """The candles that open in the window, read once. Errors: as `markets_of`."""
    instruments = [instrument_for(dataset.manifest, {}, Decimal(0))[0] for dataset in datasets]
    return Recording(markets_of(datasets, window), {i.symbol: i for i in instruments})


def head(recording: Recording, rows: int) -> Recording:
    """The first rows alone, as one sees them the moment the last of them closes: no market has anything later."""
    base = recording.base
    closed = int(base.block.open_time[rows - 1]) + base.base_ns
    blocks = {
        symbol: _rows(market.block, 0, _until(market, closed) if symbol != recording.symbol else rows)
        for symbol, market in recording.markets.items()
    }
    return recording.with_blocks(blocks)


def tail(recording: Recording, first: int) -> Recording:
    """Without the market's rows before `first`. What it reads of other markets stays whole."""
    blocks = {symbol: market.block for symbol, market in recording.markets.items()}
    base = blocks[recording.symbol]
    blocks[recording.symbol] = _rows(base, first, len(base.open_time))
    return recording.with_blocks(blocks)


def between(recording: Recording, first: int, end: int) -> Recording:
    """The market's rows from `first` to before `end`."""
    return tail(head(recording, end), first)


def touched(recording: Recording, rows: Sequence[int]) -> Recording:
    """The same with some of the market's rows altered: prices a hundredth higher, half as much volume again."""
    blocks = {symbol: market.block for symbol, market in recording.markets.items()}
    opened, *prices, volume = (column.copy() for column in blocks[recording.symbol])
    for row in rows:
        for column in prices:
            column[row] += max(1, column[row] // 100)
        volume[row] += max(1, volume[row] // 2)
    blocks[recording.symbol] = Block(*(opened, *prices, volume))
    return recording.with_blocks(blocks)


def candles(recording: Recording, symbols: Sequence[str]) -> Iterator[CandleClosed]:
    """The messages of some markets, in processing order."""
    markets = [recording.markets[symbol] for symbol in symbols]
    if len(markets) == 1:
        return _messages(markets[0], markets[0].block)
    times = np.concatenate([market.block.open_time + market.base_ns for market in markets])
    places = np.repeat(np.arange(len(markets)), [len(market.block.open_time) for market in markets])
    streams = [_messages(market, market.block) for market in markets]
    return (next(streams[place]) for place in places[np.lexsort((places, times))].tolist())


def blocks_of(recording: Recording, cuts: Sequence[int]) -> Iterator[dict[str, Block]]:
    """All markets' candles in pieces: the certified one's are cut before the rows given, the others' at the same times.

    A piece has all that has closed by the time its last row has.
    """
    done = dict.fromkeys(recording.markets, 0)
    base = recording.base
    for end in [*cuts, recording.rows]:
        closed = int(base.block.open_time[end - 1]) + base.base_ns
        ends = {symbol: _until(market, closed + 1) for symbol, market in recording.markets.items()}
        yield {symbol: _rows(market.block, done[symbol], ends[symbol]) for symbol, market in recording.markets.items()}
        done = ends


def _until(market: Market, closed: int) -> int:
    """How many of a market's candles have closed before a time."""
    return int(market.block.open_time.searchsorted(closed - market.base_ns))


def _rows(block: Block, first: int, end: int) -> Block:
    return Block(*(column[first:end] for column in block))


def _messages(market: Market, block: Block) -> Iterator[CandleClosed]:
    rows = len(block.open_time)
    for first in range(0, rows, _PIECE):
        opened, *numbers = _rows(block, first, min(first + _PIECE, rows))
        columns: list[list[Any]] = [column.tolist() for column in numbers]
        closed = (opened + market.base_ns).tolist()
        yield from map(CandleClosed, closed, repeat(market.symbol), opened.tolist(), *columns)

"""The Historical Input Feeder: canonical datasets as one stream of candles, in processing order.

The order is total and the same on every machine: by event time (a candle's close), then by the run's symbol order.
Where a strategy waits for it, the end of each instant of the window is a message behind its candles. Rows before the
window are warm-up history: indicators see them, nothing is decided on them.
"""

from collections.abc import Iterator, Sequence
from heapq import merge
from itertools import chain, islice, repeat
from operator import itemgetter
from typing import NamedTuple

import numpy as np

from kernel.messages import CandleClosed, InstantClosed, MarketMessage, WarmupCandle
from kernel.timeframe import timeframe_ns
from venues.dataset import CandleBlock, Dataset

__all__ = ["HistoricalFeeder", "Slice"]

_NOTHING = np.empty(0, dtype=np.int64)
_BLOCK = 65_536  # candles handed on at once when several markets are merged; the row group of a dataset


class Slice(NamedTuple):
    """Candles of one market in a piece of the stream, maybe none; the first `warm` of them are warm-up history."""

    block: CandleBlock
    warm: int


class HistoricalFeeder:
    """Feeds `datasets`, in symbol order: candles that open from `first_ns` to before `before_ns` (None: no bound)."""

    def __init__(
        self,
        datasets: Sequence[Dataset],
        *,
        first_ns: int | None = None,
        before_ns: int | None = None,
        instants: bool = False,
    ) -> None:
        self._datasets = datasets
        self._first_ns = first_ns
        self._before_ns = before_ns
        self.instants = instants

    @property
    def rows(self) -> int:
        """At most this many candles will come: what a progress bar can count on."""
        return sum(d.manifest.rows for d in self._datasets)

    def blocks(self) -> Iterator[Iterator[MarketMessage]]:
        """The stream in pieces of at most 65,536 messages; each piece must be used up before the next is taken."""
        if len(self._datasets) == 1 and not self.instants:
            return self._market(self._datasets[0])
        keyed = (
            ((m.ts, place, m) for block in self._market(dataset) for m in block)
            for place, dataset in enumerate(self._datasets)
        )
        merged = map(itemgetter(2), merge(*keyed, key=itemgetter(0, 1)))
        return _pieces(_with_instants(merged) if self.instants else merged)

    def slices(self) -> Iterator[Sequence[Slice]]:
        """The stream as columns, in pieces that all markets have come to: one slice for each, in symbol order.

        A piece has at most 524,288 candles, however many markets there are: that bounds memory.
        """
        most = min(_BLOCK, 8 * _BLOCK // len(self._datasets))
        waiting = [self._columns(dataset) for dataset in self._datasets]
        lengths = [timeframe_ns(dataset.manifest.timeframe) for dataset in self._datasets]
        held = [next(blocks, None) for blocks in waiting]
        while any(block is not None for block in held):
            blocks = [(b.open_time[:most], length) for b, length in zip(held, lengths, strict=True) if b is not None]
            cut = min(int(times[-1]) + length for times, length in blocks)
            slices = []
            for place, length in enumerate(lengths):
                part, rest = _cut(held[place], cut - length)
                slices.append(Slice(part, self._warm(part)))
                held[place] = next(waiting[place], None) if rest is None else rest
            yield slices

    def _columns(self, dataset: Dataset) -> Iterator[CandleBlock]:
        if self._first_ns is not None:
            yield from dataset.blocks(before_ns=self._first_ns)
        yield from dataset.blocks(first_ns=self._first_ns, before_ns=self._before_ns)

    def _warm(self, block: CandleBlock) -> int:
        return 0 if self._first_ns is None else int(block.open_time.searchsorted(self._first_ns))

    def messages(self) -> Iterator[MarketMessage]:
        """The same stream, message by message."""
        return chain.from_iterable(self.blocks())

    def _market(self, dataset: Dataset) -> Iterator[Iterator[MarketMessage]]:
        if self._first_ns is not None:
            for block in dataset.blocks(before_ns=self._first_ns):
                yield _candles(WarmupCandle, dataset, block)
        for block in dataset.blocks(first_ns=self._first_ns, before_ns=self._before_ns):
            yield _candles(CandleClosed, dataset, block)


def _cut(block: CandleBlock | None, last: int) -> tuple[CandleBlock, CandleBlock | None]:
    """The candles that open up to `last`, and the rest if there is any."""
    if block is None:
        return CandleBlock(*[_NOTHING] * 6), None
    rows = int(block.open_time.searchsorted(last, side="right"))
    part = CandleBlock(*(column[:rows] for column in block))
    return part, CandleBlock(*(column[rows:] for column in block)) if rows < len(block.open_time) else None


def _with_instants(stream: Iterator[MarketMessage]) -> Iterator[MarketMessage]:
    """The stream with the end of every instant in which a candle of the window closed."""
    newest, decides = None, False
    for message in stream:
        if newest is not None and message.ts != newest and decides:
            yield InstantClosed(newest)
        if message.ts != newest:
            newest, decides = message.ts, False
        decides = decides or message.__class__ is CandleClosed
        yield message
    if newest is not None and decides:
        yield InstantClosed(newest)


def _pieces(stream: Iterator[MarketMessage]) -> Iterator[Iterator[MarketMessage]]:
    while piece := list(islice(stream, _BLOCK)):
        yield iter(piece)


def _candles(kind: type[CandleClosed], dataset: Dataset, block: CandleBlock) -> Iterator[CandleClosed]:
    opened = block.open_time.tolist()
    closed = (block.open_time + timeframe_ns(dataset.manifest.timeframe)).tolist()
    prices = (column.tolist() for column in (block.open, block.high, block.low, block.close, block.volume))
    return map(kind, closed, repeat(dataset.manifest.symbol), opened, *prices)

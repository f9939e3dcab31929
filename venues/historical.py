"""The Historical Input Feeder: canonical datasets as one stream of candles, in processing order.

The order is total and the same on every machine: by event time (a candle's close), then by the run's symbol order.
Rows before the window are warm-up history: indicators see them, nothing is decided on them.
"""

from collections.abc import Iterator, Sequence
from heapq import merge
from itertools import chain, islice, repeat
from operator import itemgetter

from kernel.messages import CandleClosed, MarketMessage, WarmupCandle
from kernel.timeframe import timeframe_ns
from venues.dataset import CandleBlock, Dataset

__all__ = ["HistoricalFeeder"]

_BLOCK = 65_536  # candles handed on at once when several markets are merged; the row group of a dataset


class HistoricalFeeder:
    """Feeds `datasets`, in symbol order: candles that open from `first_ns` to before `before_ns` (None: no bound)."""

    def __init__(
        self, datasets: Sequence[Dataset], *, first_ns: int | None = None, before_ns: int | None = None
    ) -> None:
        self._datasets = datasets
        self._first_ns = first_ns
        self._before_ns = before_ns

    @property
    def rows(self) -> int:
        """At most this many candles will come: what a progress bar can count on."""
        return sum(d.manifest.rows for d in self._datasets)

    def blocks(self) -> Iterator[Iterator[MarketMessage]]:
        """The stream in pieces of at most 65,536 messages; each piece must be used up before the next is taken."""
        if len(self._datasets) == 1:
            return self._market(self._datasets[0])
        keyed = (
            ((m.ts, place, m) for block in self._market(dataset) for m in block)
            for place, dataset in enumerate(self._datasets)
        )
        merged = map(itemgetter(2), merge(*keyed, key=itemgetter(0, 1)))
        return _pieces(merged)

    def messages(self) -> Iterator[MarketMessage]:
        """The same stream, message by message."""
        return chain.from_iterable(self.blocks())

    def _market(self, dataset: Dataset) -> Iterator[Iterator[MarketMessage]]:
        if self._first_ns is not None:
            for block in dataset.blocks(before_ns=self._first_ns):
                yield _candles(WarmupCandle, dataset, block)
        for block in dataset.blocks(first_ns=self._first_ns, before_ns=self._before_ns):
            yield _candles(CandleClosed, dataset, block)


def _pieces(stream: Iterator[MarketMessage]) -> Iterator[Iterator[MarketMessage]]:
    while piece := list(islice(stream, _BLOCK)):
        yield iter(piece)


def _candles(kind: type[CandleClosed], dataset: Dataset, block: CandleBlock) -> Iterator[CandleClosed]:
    opened = block.open_time.tolist()
    closed = (block.open_time + timeframe_ns(dataset.manifest.timeframe)).tolist()
    prices = (column.tolist() for column in (block.open, block.high, block.low, block.close, block.volume))
    return map(kind, closed, repeat(dataset.manifest.symbol), opened, *prices)

"""The candles that a report looks things up in: those of a dataset, or those that a log holds."""

from array import array
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

import numpy as np

from kernel.messages import CandleClosed, InstantClosed, MarketMessage
from kernel.timeframe import timeframe_ns
from service.log.record import Record, decoded
from venues.dataset import CandleBlock, Dataset

__all__ = ["MARKET_TYPES", "Candles", "DatasetCandles", "LogCandles", "Market", "gather"]

MARKET_TYPES = frozenset(t.__name__ for t in MarketMessage.__args__)
_CANDLES = MARKET_TYPES - {InstantClosed.__name__}


class Candles(Protocol):
    """Candles of one market, by open time. A price is in units of 10**-price_decimals, a volume likewise."""

    length_ns: int
    price_decimals: int
    volume_decimals: int

    def blocks(self, *, first_ns: int | None = None, before_ns: int | None = None) -> Iterator[CandleBlock]:
        """Those with first_ns <= open_time < before_ns, in blocks that are not empty."""


class Market(NamedTuple):
    """A market of the run: the length of its candles, and the candles, where they are here."""

    length_ns: int
    candles: Candles | None


class DatasetCandles:
    """Those of a dataset."""

    def __init__(self, dataset: Dataset) -> None:
        manifest = dataset.manifest
        self.length_ns = timeframe_ns(manifest.timeframe)
        self.price_decimals = manifest.price_decimals
        self.volume_decimals = manifest.volume_decimals
        self.blocks = dataset.blocks


class LogCandles:
    """Those of a log, which `add` is given; 48 bytes each."""

    def __init__(self, length_ns: int, price_decimals: int, volume_decimals: int) -> None:
        self.length_ns = length_ns
        self.price_decimals = price_decimals
        self.volume_decimals = volume_decimals
        self._columns = tuple(array("q") for _ in CandleBlock._fields)

    def add(self, candle: CandleClosed) -> None:
        """Take the market's next candle."""
        values = candle.open_time, candle.open, candle.high, candle.low, candle.close, candle.volume
        for column, value in zip(self._columns, values, strict=True):
            column.append(value)

    def blocks(self, *, first_ns: int | None = None, before_ns: int | None = None) -> Iterator[CandleBlock]:
        """See Candles. No candle may be added afterwards: the columns are not copied."""
        columns = [np.frombuffer(column, dtype=np.int64) for column in self._columns]
        first = 0 if first_ns is None else int(columns[0].searchsorted(first_ns))
        end = len(columns[0]) if before_ns is None else int(columns[0].searchsorted(before_ns))
        if end > first:
            yield CandleBlock(*(column[first:end] for column in columns))


async def gather(records: AsyncIterator[Sequence[Record]], candles: Mapping[str, LogCandles]) -> int:
    """Take the candles of a log, each to those of its symbol; gives the seq of the last record that was read."""
    last = 0
    async for batch in records:
        last = batch[-1].seq
        for record in batch:
            if record.type in _CANDLES:
                candle: CandleClosed = decoded(record)
                candles[candle.symbol].add(candle)
    return last

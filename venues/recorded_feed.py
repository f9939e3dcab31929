"""A recorded market played as if it were live: the Historical Input Feeder's stream, in step with a clock.

What is played is the backtest's stream, message for message; only when it comes is the clock's.
"""

import asyncio
from bisect import bisect_right
from collections import deque
from collections.abc import AsyncIterator, Iterator, Sequence
from itertools import islice
from operator import attrgetter
from typing import NamedTuple

import numpy as np

from kernel.messages import CandleClosed, MarketMessage, WarmupCandle
from kernel.timeframe import timeframe_ns
from venues.dataset import CandleBlock, Dataset
from venues.feed import Hole, MarketClock
from venues.historical import HistoricalFeeder

__all__ = ["RecordedFeed"]

_BATCH = 1024  # messages that wait for nothing come together, several instants of them: what a turn of the loop costs
_SKIPPED_AT_ONCE = 65_536  # then others of the loop get their turn: some 20 ms
_HISTORY = 8192  # candles of a market that are kept once its history was asked: 400 KB, for a read of 15 ms

_event_time = attrgetter("ts")


class _Kept(NamedTuple):
    """A market's candles that open from `first` to `last`, as they are in its dataset."""

    first: int
    last: int
    block: CandleBlock


class RecordedFeed:
    """Plays `feeder` by `clock`; the first `skip` messages are known already and do not come again.

    History before the window comes at once. The clock is started at the first message behind it, so that a feed that
    goes on after a stop has nothing to catch up with. `datasets` are the feeder's: its history answers from them.
    """

    def __init__(
        self, feeder: HistoricalFeeder, datasets: Sequence[Dataset], clock: MarketClock, *, skip: int = 0
    ) -> None:
        self._feeder = feeder
        self._datasets = {dataset.manifest.symbol: dataset for dataset in datasets}
        self._clock = clock
        self._skip = skip
        self._played_ns = 0
        self._kept: dict[str, _Kept] = {}

    async def batches(self) -> AsyncIterator[Sequence[MarketMessage]]:
        """What is due, some 1,024 messages at once, never half an instant. Errors: DataRefused for a broken dataset."""
        async for batch in self._due():
            self._played_ns = batch[-1].ts
            yield batch

    async def backfill(self, holes: Sequence[Hole]) -> Sequence[CandleClosed]:
        """The candles of the datasets as far as they were played; of a longer hole the first 8,192 places."""
        return [candle for hole in holes for candle in self._history(hole)]

    async def resubscribe(self, symbol: str) -> None:
        """A recording has nobody to ask."""

    async def _due(self) -> AsyncIterator[Sequence[MarketMessage]]:
        clock, stream = self._clock, self._feeder.messages()
        await _pass_over(stream, self._skip)
        started, held = False, deque[MarketMessage](maxlen=1)
        while piece := _piece(stream, held):
            if not started:
                history = _leading_history(piece)
                if history:
                    yield piece[:history]
                    piece = piece[history:]
                if not piece:
                    continue
                clock.start(piece[0].ts)
                started = True
            while piece:
                due = bisect_right(piece, max(piece[0].ts, clock.due_ns()), key=_event_time)
                await clock.sleep_until(piece[due - 1].ts)
                yield piece[:due]
                piece = piece[due:]

    def _history(self, hole: Hole) -> Iterator[CandleClosed]:
        dataset = self._datasets[hole.symbol]
        step = timeframe_ns(dataset.manifest.timeframe)
        last = min(hole.last, hole.first + (_HISTORY - 1) * step, self._played_ns - step)
        kept = self._kept.get(hole.symbol)
        if kept is None or hole.first < kept.first or last > kept.last:
            kept = self._kept[hole.symbol] = _read(dataset, hole.first, hole.first + (_HISTORY - 1) * step)
        opened = kept.block.open_time
        start, end = int(opened.searchsorted(hole.first)), int(opened.searchsorted(last, side="right"))
        rows = zip(*(column[start:end].tolist() for column in kept.block), strict=True)
        return (CandleClosed(row[0] + step, hole.symbol, *row) for row in rows)


async def _pass_over(stream: Iterator[MarketMessage], count: int) -> None:
    while count > 0:
        deque(islice(stream, min(count, _SKIPPED_AT_ONCE)), maxlen=0)
        count -= _SKIPPED_AT_ONCE
        await asyncio.sleep(0)


def _piece(stream: Iterator[MarketMessage], held: deque[MarketMessage]) -> list[MarketMessage]:
    """The next messages, the last instant of them whole; `held` keeps the one behind them for the next time."""
    piece = [*held, *islice(stream, _BATCH - len(held))]
    held.clear()
    if len(piece) == _BATCH:
        for message in stream:
            if message.ts != piece[-1].ts:
                held.append(message)
                break
            piece.append(message)
    return piece


def _leading_history(piece: Sequence[MarketMessage]) -> int:
    return next((place for place, message in enumerate(piece) if not isinstance(message, WarmupCandle)), len(piece))


def _read(dataset: Dataset, first: int, last: int) -> _Kept:
    """These candles as columns of their own: a row group that was read for them is let go."""
    blocks = list(dataset.blocks(first_ns=first, before_ns=last + 1))
    empty = CandleBlock(*[np.empty(0, dtype=np.int64)] * 6)
    return _Kept(first, last, CandleBlock(*(np.concatenate(columns) for columns in zip(empty, *blocks, strict=True))))

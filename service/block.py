"""Block mode: the market-only work is done for blocks of candles at once, and the kernel turns only those that matter.

It is another way to run the same session, not another session: the messages that wake the kernel go through the same
`turn`, the others are counted as their turns would have counted them. The log is the same, record for record.
"""

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from kernel.advance import Passed
from kernel.errors import InvariantBroken
from kernel.features.block_engine import BlockEngine
from kernel.messages import CandleClosed, InstantClosed, MarketMessage, WarmupCandle
from kernel.pipeline import GATE
from kernel.wake import NO_TIME, Bounds, next_row, tighter
from service.piece import Piece, Pieces
from service.session import Session
from venues.historical import Slice
from venues.matching.bounds import NOTHING
from venues.simulated import SimulatedVenue

__all__ = ["BlockRunner"]


class BlockRunner:
    """Runs slices of the market (venues/historical.py) through a session whose kernel has block engines.

    `search` is kernel/wake.py's, plain or compiled; prices wider than 64 bits are searched plainly. An observer in the
    kernel is told only of what wakes it.
    """

    def __init__(
        self, session: Session, venue: SimulatedVenue, search: Callable[..., int], *, instants: bool = False
    ) -> None:
        kernel = session.kernel
        self._session, self._kernel, self._venue = session, kernel, venue
        self._search = search
        self._symbols = [i.symbol for i in kernel.blueprint.instruments]
        self._lengths = kernel.blueprint.lengths_ns
        self._books = list(kernel.state.books.items())
        self._engines = {
            name: {symbol: _block_engine(engine) for symbol, engine in own.items()}
            for name, own in kernel.engines.items()
        }
        self._at = [[own[s] for own in self._engines.values() if s in own] for s in self._symbols]
        self._pieces = Pieces(kernel, self._engines, instants=instants)
        count = len(self._symbols)
        self._directions = np.zeros((len(self._books), count + 1), dtype=np.int8)
        self._floors = np.full(count + 1, -(2**62), dtype=np.int64)
        self._ceilings = np.full(count + 1, 2**62, dtype=np.int64)
        self._dues = [NO_TIME] * count
        self._due = NO_TIME
        self._look_at(range(count))

    async def market(self, slices: Sequence[Slice]) -> None:
        """Run one piece of the stream."""
        for engines, given in zip(self._at, slices, strict=True):
            for engine in engines:
                engine.give(given.block)
        for engines in self._at:
            for engine in engines:
                engine.advance(GATE if engine.plan.watched else "")
        piece = self._pieces.make(slices)
        row, end, state = 0, len(piece.places), self._kernel.state
        if piece.warm and self._begins:
            row = piece.warm
            self._kernel.passed((), (), self._counted(piece, 0, row), row)
        search = next_row if object in (piece.lows.dtype, piece.highs.dtype) else self._search
        while row < end:
            woken = search(
                row, piece.codes, piece.wishes, piece.places, piece.lows, piece.highs, piece.opened, piece.times,
                self._directions, self._floors, self._ceilings, state.day_ends, self._due,
            )  # fmt: skip
            if self._session.waiting and piece.times[min(woken, end - 1)] > state.ts:
                row = await self._end_instant(piece, row)
                continue
            if woken > row:
                await self._pass(piece, row, woken)
            if woken < end:
                await self._wake(piece, woken)
            row = woken + 1
        if self._session.waiting:
            await self._end_instant(piece, end)

    async def _end_instant(self, piece: Piece, row: int) -> int:
        """Count the rest of the instant, and have sent what it requested; gives the row behind it."""
        end = int(piece.times.searchsorted(self._kernel.state.ts, side="right"))
        if end > row:
            await self._pass(piece, row, end)
        await self._session.settle()
        self._look_at(range(len(self._symbols)))
        return end

    @property
    def _begins(self) -> bool:
        """Whether history may be passed. In the middle of a run it ends the folds: the kernel turns it."""
        state = self._kernel.state
        before = sum(market.history for market in state.markets.values())
        return state.ordinal == before and all(self._venue.wake(symbol) == NOTHING for symbol in self._symbols)

    async def _pass(self, piece: Piece, first: int, end: int) -> None:
        """Count the rows from `first` to before `end`, and fold their reasons."""
        reasons = [of_one[first:end].tobytes() for of_one in piece.reasons]
        counted = self._counted(piece, first, end)
        events = self._kernel.passed(reasons, piece.times[first:end], counted, end - first)
        if events:
            await self._session.derived(events)

    def _counted(self, piece: Piece, first: int, end: int) -> list[Passed]:
        """What each market saw in those rows; the venue hears of it too."""
        passed, closes = [], {}
        for place, begin, stop in self._spans(piece, first, end):
            given, symbol = piece.slices[place], self._symbols[place]
            opened, close = int(given.block.open_time[stop - 1]), int(given.block.close[stop - 1])
            gated = {
                name: int(shut[place][stop] - shut[place][begin])
                for (name, _), shut in zip(self._books, piece.shut, strict=True)
                if place in shut
            }
            history = max(0, min(stop, given.warm) - begin) if begin < given.warm else 0
            ts = opened + self._lengths[place]
            passed.append(Passed(symbol, stop - begin, history, gated, ts, opened, close))
            closes[symbol] = close
        self._venue.passed(end - first, int(piece.times[end - 1]), closes)
        return passed

    def _spans(self, piece: Piece, first: int, end: int) -> Iterable[tuple[int, int, int]]:
        """Which rows of their blocks those rows are: by market, from a row to before another."""
        count = len(self._symbols)
        if count == 1 and len(piece.ranks[0]) == len(piece.places):
            return ((0, first, end),)
        if end - first <= 2 * count:  # few rows of many markets: go through the rows
            spans: dict[int, tuple[int, int]] = {}
            for place, row in zip(piece.places[first:end].tolist(), piece.rows[first:end].tolist(), strict=True):
                if place < count:
                    spans[place] = (spans[place][0] if place in spans else row, row + 1)
            return [(place, *spans[place]) for place in sorted(spans)]
        found = (
            (place, int(ranks.searchsorted(first)), int(ranks.searchsorted(end)))
            for place, ranks in enumerate(piece.ranks)
        )
        return [span for span in found if span[2] > span[1]]

    async def _wake(self, piece: Piece, row: int) -> None:
        """Let venue and kernel take one message."""
        place = int(piece.places[row])
        if place == len(self._symbols):
            await self._take(self._instant(piece, row))
        else:
            at = int(piece.rows[row])
            for engine in self._at[place]:
                engine.row = at
            given = piece.slices[place]
            opened, *prices = (int(column[at]) for column in given.block)
            kind = WarmupCandle if at < given.warm else CandleClosed
            await self._take(kind(opened + self._lengths[place], self._symbols[place], opened, *prices))
        alone = place < len(self._symbols) and not self._kernel.spreads
        self._look_at((place,) if alone else range(len(self._symbols)))

    def _instant(self, piece: Piece, row: int) -> InstantClosed:
        """The end of an instant; every engine stands on its newest candle then."""
        for place, ranks in enumerate(piece.ranks):
            newest = int(ranks.searchsorted(row)) - 1
            for engine in self._at[place] if newest >= 0 else ():
                engine.row = newest
        return InstantClosed(int(piece.times[row]))

    async def _take(self, message: MarketMessage) -> None:
        await self._session.market((message,))

    def _look_at(self, places: Sequence[int]) -> None:
        """Note what would wake the kernel on the next candles of some markets."""
        kernel, venue = self._kernel, self._venue
        for place in places:
            symbol = self._symbols[place]
            for s, (_, book) in enumerate(self._books):
                position = book.positions.get(symbol)
                self._directions[s, place] = 0 if position is None else position.direction
            resting = venue.wake(symbol)
            bounds = tighter(kernel.bounds(symbol), Bounds(resting.low, resting.high))
            self._floors[place], self._ceilings[place] = bounds
            self._dues[place] = resting.ts
        self._due = min(kernel.due(), *self._dues)


def _block_engine(engine: object) -> BlockEngine:
    if not isinstance(engine, BlockEngine):
        raise InvariantBroken("block mode needs a kernel with block engines")
    return engine

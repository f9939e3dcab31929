"""Block mode: the market-only work is done for blocks of candles at once, and the kernel turns only those that matter.

It is another way to run the same session, not another session: the candles that wake the kernel go through the same
`turn`, the others are counted as their turns would have counted them. The log is the same, record for record.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from kernel.errors import InvariantBroken
from kernel.evolve import Passed
from kernel.features.block_engine import BlockEngine
from kernel.messages import CandleClosed, WarmupCandle
from kernel.pipeline import GATE
from kernel.skip import SkipReason
from kernel.wake import WAKE, bounds_of, next_row
from service.session import Session
from service.verdicts import verdicts
from venues.historical import Slice
from venues.simulated import SimulatedVenue

__all__ = ["BlockRunner"]

Column = npt.NDArray[Any]


class _Piece(NamedTuple):
    """A piece of the stream in processing order. By row: its market, the row of that market's block, what is known.

    `reasons` are the codes as the fold has them; `ranks[place]` are the rows of one market; `shut[place][r]` counts its
    candles before its r-th on which the gate stayed shut.
    """

    slices: Sequence[Slice]
    ranks: Sequence[Column]
    shut: Sequence[Column]
    places: Column
    rows: Column
    times: Column
    opened: Column
    lows: Column
    highs: Column
    codes: Column
    wishes: Column
    reasons: Column


class BlockRunner:
    """Runs slices of the market (venues/historical.py) through a session whose kernel has block engines.

    `search` is kernel/wake.py's, plain or compiled; prices wider than 64 bits are searched plainly. An observer in the
    kernel is told only of what wakes it.
    """

    def __init__(self, session: Session, venue: SimulatedVenue, search: Callable[..., int]) -> None:
        kernel = session.kernel
        self._session, self._kernel, self._venue = session, kernel, venue
        self._search = search
        self._symbols = [i.symbol for i in kernel.blueprint.instruments]
        self._lengths = kernel.blueprint.lengths_ns
        self._markets = [kernel.state.markets[symbol] for symbol in self._symbols]
        self._engines = [_block_engine(kernel.engines[symbol]) for symbol in self._symbols]
        self._gate = GATE if self._engines[0].plan.watched else ""
        count = len(self._symbols)
        self._directions = np.zeros(count, dtype=np.int8)
        self._floors = np.zeros(count, dtype=np.int64)
        self._ceilings = np.zeros(count, dtype=np.int64)
        for place in range(count):
            self._look_at(place)

    async def market(self, slices: Sequence[Slice]) -> None:
        """Run one piece of the stream."""
        for engine, given in zip(self._engines, slices, strict=True):
            engine.give(given.block)
        for engine in self._engines:
            engine.advance(self._gate)
        piece, warm = self._piece(slices)
        if warm:
            self._kernel.passed(b"", (), self._counted(piece, 0, warm))
        row, end, state = warm, len(piece.codes), self._kernel.state
        search = next_row if object in (piece.lows.dtype, piece.highs.dtype) else self._search
        while row < end:
            woken = search(
                row, piece.codes, piece.wishes, piece.places, piece.lows, piece.highs, piece.opened,
                self._directions, self._floors, self._ceilings, state.day_ends,
            )  # fmt: skip
            if woken > row:
                await self._pass(piece, row, woken)
            if woken < end:
                await self._wake(piece, woken)
            row = woken + 1

    async def _pass(self, piece: _Piece, first: int, end: int) -> None:
        """Count the rows from `first` to before `end`, and fold their reasons."""
        events = self._kernel.passed(
            piece.reasons[first:end].tobytes(), piece.times[first:end], self._counted(piece, first, end)
        )
        if events:
            await self._session.derived(events)

    def _counted(self, piece: _Piece, first: int, end: int) -> list[Passed]:
        """What each market saw in those rows; the venue hears of it too."""
        passed, closes, alone = [], {}, len(piece.ranks) == 1
        for place, ranks in enumerate(piece.ranks):
            begin = first if alone else int(ranks.searchsorted(first))
            stop = end if alone else int(ranks.searchsorted(end))
            if stop > begin:
                block, symbol = piece.slices[place].block, self._symbols[place]
                opened, close = int(block.open_time[stop - 1]), int(block.close[stop - 1])
                gated = int(piece.shut[place][stop] - piece.shut[place][begin]) if self._gate else 0
                history = max(0, min(stop, piece.slices[place].warm) - begin)
                ts = opened + self._lengths[place]
                passed.append(Passed(symbol, stop - begin, history, gated, ts, opened, close))
                closes[symbol] = close
        self._venue.passed(end - first, int(piece.times[end - 1]), closes)
        return passed

    async def _wake(self, piece: _Piece, row: int) -> None:
        """Let venue and kernel take one candle."""
        place, at = int(piece.places[row]), int(piece.rows[row])
        given = piece.slices[place]
        opened, *prices = (int(column[at]) for column in given.block)
        kind = WarmupCandle if at < given.warm else CandleClosed
        self._engines[place].row = at
        await self._session.market((kind(opened + self._lengths[place], self._symbols[place], opened, *prices),))
        self._look_at(place)

    def _look_at(self, place: int) -> None:
        """Note what would wake the kernel on a market's next candles: only its own candles change that."""
        self._directions[place] = self._markets[place].direction
        bounds = bounds_of(self._kernel.state, self._symbols[place])
        self._floors[place], self._ceilings[place] = bounds.low, bounds.high

    def _piece(self, slices: Sequence[Slice]) -> tuple[_Piece, int]:
        """Judge every block, and put the markets in one order; and how many rows of warm-up history it begins with."""
        judged = [self._judged(place, given) for place, given in enumerate(slices)]
        codes, wishes = (np.concatenate(column) for column in zip(*judged, strict=True))
        lengths = [len(given.block.open_time) for given in slices]
        times = [s.block.open_time + ns for s, ns in zip(slices, self._lengths, strict=True)]
        columns = {
            "places": np.repeat(np.arange(len(slices)), lengths),
            "rows": np.concatenate([np.arange(length) for length in lengths]),
            "times": np.concatenate(times),
            "opened": np.concatenate([given.block.open_time for given in slices]),
            "lows": np.concatenate([given.block.low for given in slices]),
            "highs": np.concatenate([given.block.high for given in slices]),
            "codes": codes,
            "wishes": wishes,
            "reasons": np.where(codes == 0, np.uint8(SkipReason.TARGET_UNCHANGED), codes),
        }
        ranks = [columns["rows"]]
        if len(slices) > 1:
            order = np.lexsort((columns["places"], columns["times"]))
            columns = {name: column[order] for name, column in columns.items()}
            ranks = [np.flatnonzero(columns["places"] == place) for place in range(len(slices))]
        history = np.array([given.warm for given in slices])[columns["places"]] > columns["rows"]
        warm = len(history) if history.all() else int(history.argmin())
        shut = [np.concatenate(([0], np.cumsum(codes == SkipReason.GATE_CLOSED))) for codes, _ in judged]
        return _Piece(slices, ranks, shut, **columns), warm

    def _judged(self, place: int, given: Slice) -> tuple[Column, Column]:
        rows = len(given.block.open_time)
        if not rows:
            return np.empty(0, dtype=np.uint8), np.empty(0, dtype=np.int8)
        market, symbol = self._markets[place], self._symbols[place]
        blueprint, inputs = self._kernel.blueprint, self._kernel.inputs(symbol)
        codes, wishes = verdicts(blueprint, inputs, self._engines[place], market, rows)
        codes[: given.warm] = WAKE  # history that comes after the window has begun, of a longer candle, is the kernel's
        return codes, wishes


def _block_engine(engine: object) -> BlockEngine:
    if not isinstance(engine, BlockEngine):
        raise InvariantBroken("block mode needs a kernel with block engines")
    return engine

"""A piece of the market as block mode sees it: all markets' candles in one order, and what is known of each before."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from kernel.features.block_engine import BlockEngine
from kernel.kernel import Kernel
from kernel.pipeline import GATE
from kernel.risk.protections import VolatilitySpike
from kernel.skip import SkipReason
from kernel.wake import WAKE
from service.verdicts import verdicts
from venues.historical import Slice

__all__ = ["Column", "Piece", "Pieces"]

Column = npt.NDArray[Any]


class Piece(NamedTuple):
    """Rows in processing order: candles, and the ends of instants where a strategy waits for those.

    By row: its market (the number of markets for an instant's end), the row of that market's block, times and prices.
    `codes`, `wishes` and `reasons`, as the folds have them, by strategy and row. `ranks[place]` are the rows of one
    market; `shut[s][place][r]` counts its candles before its r-th on which a strategy's gate stayed shut.
    """

    slices: Sequence[Slice]
    ranks: Sequence[Column]
    shut: Sequence[Mapping[int, Column]]
    places: Column
    rows: Column
    times: Column
    opened: Column
    lows: Column
    highs: Column
    codes: Column
    wishes: Column
    reasons: Column
    warm: int


class Pieces:
    """Makes pieces of slices, for a kernel with block engines; with `instants` the ends of instants are rows too."""

    def __init__(self, kernel: Kernel, engines: Mapping[str, Mapping[str, BlockEngine]], *, instants: bool) -> None:
        self._kernel = kernel
        self._engines = engines
        self._instants = instants
        self._strategies = kernel.blueprint.strategies
        self._symbols = [i.symbol for i in kernel.blueprint.instruments]
        self._lengths = kernel.blueprint.lengths_ns
        spikes = [p.range_rate for p in kernel.blueprint.risk.protections if isinstance(p, VolatilitySpike)]
        self._spike = float(min(spikes)) * (1 - 1e-9) if spikes else None  # a candle too many may wake, none too few

    def make(self, slices: Sequence[Slice]) -> Piece:
        """Judge every block, and put the markets in one order."""
        lengths = [len(given.block.open_time) for given in slices]
        count = len(slices)
        columns: dict[str, Column] = {
            "places": np.repeat(np.arange(count), lengths),
            "rows": np.concatenate([np.arange(length) for length in lengths]),
            "times": np.concatenate([s.block.open_time + ns for s, ns in zip(slices, self._lengths, strict=True)]),
            "opened": np.concatenate([given.block.open_time for given in slices]),
            "lows": np.concatenate([given.block.low for given in slices]),
            "highs": np.concatenate([given.block.high for given in slices]),
        }
        codes, wishes = self._judged(slices, lengths)
        history = np.array([given.warm for given in slices])[columns["places"]] > columns["rows"]
        if self._instants:
            columns, codes, wishes, history = self._with_instants(columns, codes, wishes, history)
        ranks = [columns["rows"]]
        if count > 1 or self._instants:
            order = np.lexsort((columns["places"], columns["times"]))
            columns = {name: column[order] for name, column in columns.items()}
            codes, wishes = np.ascontiguousarray(codes[:, order]), np.ascontiguousarray(wishes[:, order])
            history = history[order]
            ranks = [np.flatnonzero(columns["places"] == place) for place in range(count)]
        warm = len(history) if history.all() else int(history.argmin())
        reasons = np.where(codes == 0, np.uint8(SkipReason.TARGET_UNCHANGED), codes)
        shut = [self._shut(s, codes, ranks) for s in range(len(codes))]
        return Piece(slices, ranks, shut, **columns, codes=codes, wishes=wishes, reasons=reasons, warm=warm)

    def _judged(self, slices: Sequence[Slice], lengths: Sequence[int]) -> tuple[Column, Column]:
        """What each strategy says of every market's candles, one market behind the other."""
        starts = np.concatenate(([0], np.cumsum(lengths)))
        codes = np.full((len(self._strategies), int(starts[-1])), SkipReason.NOT_TRADED, dtype=np.uint8)
        wishes = np.zeros(codes.shape, dtype=np.int8)
        for s, strategy in enumerate(self._strategies):
            for place in range(len(slices)):
                engine = self._engines[strategy.name].get(self._symbols[place])
                if engine is None or not lengths[place]:
                    continue
                market = self._kernel.state.markets[self._symbols[place]]
                inputs = self._kernel.inputs(strategy.name, self._symbols[place])
                here = slice(int(starts[place]), int(starts[place + 1]))
                codes[s, here], wishes[s, here] = verdicts(strategy, inputs, engine, market, lengths[place])
        for place, given in enumerate(slices):
            first = int(starts[place])
            codes[:, first : first + given.warm] = WAKE  # history behind the window's begin, of a longer candle
            if self._spike is not None and lengths[place]:
                low, high = given.block.low, given.block.high
                wild = np.flatnonzero((high - low).astype(float) >= low.astype(float) * self._spike)
                codes[0, first + wild] = WAKE
        return codes, wishes

    def _with_instants(
        self, columns: dict[str, Column], codes: Column, wishes: Column, history: Column
    ) -> tuple[dict[str, Column], Column, Column, Column]:
        """The same with a row for the end of every instant in which a candle of the window closed."""
        ends = np.unique(columns["times"][~history])
        nothing = np.zeros(len(ends), dtype=np.int64)
        place = np.full(len(ends), len(self._symbols))
        added = {
            "places": place,
            "rows": nothing,
            "times": ends,
            "opened": nothing - 1,
            "lows": nothing,
            "highs": nothing,
        }
        joined = {name: np.concatenate((column, added[name])) for name, column in columns.items()}
        closing = np.full((len(codes), len(ends)), SkipReason.NOT_TRADED, dtype=np.uint8)
        for s, strategy in enumerate(self._strategies):
            if self._kernel.waits(strategy.name):
                due = np.array([self._kernel.is_due(strategy.name, int(ts)) for ts in ends], dtype=np.bool_)
                closing[s] = np.where(due, np.uint8(WAKE), np.uint8(SkipReason.NOT_DUE))
        codes = np.concatenate((codes, closing), axis=1)
        wishes = np.concatenate((wishes, np.zeros(closing.shape, dtype=np.int8)), axis=1)
        return joined, codes, wishes, np.concatenate((history, np.zeros(len(ends), dtype=np.bool_)))

    def _shut(self, s: int, codes: Column, ranks: Sequence[Column]) -> dict[int, Column]:
        strategy = self._strategies[s]
        if strategy.gate is None:
            return {}
        engines = self._engines[strategy.name]
        return {
            place: np.concatenate(([0], np.cumsum(codes[s, rank] == SkipReason.GATE_CLOSED)))
            for place, rank in enumerate(ranks)
            if self._symbols[place] in engines and GATE in engines[self._symbols[place]].plan.watched
        }

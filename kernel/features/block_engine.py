"""An engine for block mode: values of a whole block are made at once, and read row by row as the kernel wakes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from math import nan
from typing import Any

import numpy as np
import numpy.typing as npt

from kernel.errors import InvariantBroken
from kernel.features.block import Block
from kernel.features.columns import Column, Columns, Scan, floats_of, plain_scan
from kernel.features.engine import MINUTE_NS, Engine, Memory, Seen, units_per_one
from kernel.features.plan import Plan
from kernel.indicators.kind import COLUMNS, Kind
from kernel.instrument import Instrument
from kernel.messages import CandleClosed

__all__ = ["BlockEngine"]

Arrays = Callable[[Sequence[float], Sequence[int]], tuple[Any, Any]]


class BlockEngine(Engine):
    """Give every engine of the run its block, then `advance` each; set `row` before the kernel turns a candle."""

    def __init__(
        self,
        plan: Plan,
        instrument: Instrument,
        others: Mapping[str, Engine] | None = None,
        *,
        scan: Callable[[Kind, Sequence[str]], Scan] = plain_scan,
        arrays: Arrays = lambda f, n: (list(f), list(n)),
    ) -> None:
        super().__init__(plan, instrument, others)
        self.row = 0
        self.values: npt.NDArray[np.float64] = np.empty((len(plan.names), 0))
        self._columns = Columns(plan, instrument, scan=scan, arrays=arrays)
        self._length_ns = plan.base_ns
        self._divisors = units_per_one(instrument)
        self._block: Block | None = None
        self._before: Block | None = None
        self._seen: list[Seen] = []
        self._watched_at: Mapping[int, Column] = {}

    def give(self, block: Block) -> None:
        """The candles that come next; an empty block where this market has none."""
        if self._block is not None and len(self._block.open_time):
            self._before = Block(*(column[-1:] for column in self._block))
        self._block = block
        if self._others is not None:
            for row in range(max(0, len(block.open_time) - 2), len(block.open_time)):
                opened, *units = (int(column[row]) for column in block)
                seen: Any = (opened + self._length_ns, *units, opened)
                self._seen = [*self._seen[-1:], seen]

    def advance(self, gate: str = "") -> None:
        """Make the values of the block that was given. With a gate, only where it opens."""
        block = self._given()
        self._watched_at = {}
        if not len(block.open_time):
            return
        times = block.open_time + self._length_ns
        others: Mapping[str, Any] = self._others or {}
        seen = {s.symbol: others[s.symbol].seen_before(times) for s in self.plan.sources if s.symbol}
        self.values = self._columns.advance(block, seen, gate=gate)
        self._watched_at = self._columns.watched

    def seen_before(self, times: npt.NDArray[np.int64]) -> Sequence[Column]:
        """The columns of the last candle of an instant strictly earlier than each of `times`; NaN before any."""
        held = [b for b in (self._before, self._given()) if b is not None]
        block = Block(*(np.concatenate(columns) for columns in zip(*held, strict=True)))
        places = np.searchsorted(block.open_time + self._length_ns, times, side="left")
        columns = [floats_of(units, divisor) for units, divisor in zip(block[1:], self._divisors, strict=True)]
        columns.append((block.open_time // MINUTE_NS).astype(np.float64))
        return [np.concatenate(([nan], column))[places] for column in columns]

    def watched_column(self, name: str) -> Column:
        """A watched feature's value on every candle of the block."""
        return self._watched_at[self.plan.watched[name]]

    def update(self, candle: CandleClosed) -> None:
        """The block is done already: all that moves is `row`, and whoever moves it."""

    def emit(self) -> Sequence[float]:
        """See Engine."""
        return self.values[:, self.row].tolist()  # type: ignore[no-any-return]

    def watched(self, slot: int) -> float:
        """See Engine."""
        return float(self._watched_at[slot][self.row])

    def memory(self) -> Memory:
        """See Engine; as after the last candle of the block."""
        f, n = self._columns.f, self._columns.n
        floats = [nan] * len(COLUMNS) + [float(x) for x in f[len(COLUMNS) : self.plan.outputs_at]]
        floats += [nan] * len(self.plan.names)
        bars = [replace(maker) for maker in self._columns.makers.values()]
        earlier, newest = [None, None, *self._seen][-2:]
        return Memory(floats, [int(x) for x in n], bars, newest, earlier)

    def remember(self, _memory: Memory) -> None:
        """Block mode starts a run; it takes none up."""
        raise InvariantBroken("a block engine cannot go on from a memory")

    def _given(self) -> Block:
        if self._block is None:
            raise InvariantBroken("advance before any block was given")
        return self._block

    def _step(self, _candle: CandleClosed, _mask: int) -> None:
        raise InvariantBroken("a block engine steps no candle")

    def _run(self, _mask: int) -> None:
        raise InvariantBroken("a block engine steps no candle")

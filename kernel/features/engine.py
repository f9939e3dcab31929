"""The hot path: one candle in, values out when somebody asks.

An engine holds a market's two state arrays and follows its plan. `PlainEngine` runs the kinds' functions as they are,
and starts at once; `CompiledEngine` gives the same arrays to compiled code. Both give the same bits, and either goes on
from the other's memory.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from math import nan
from operator import attrgetter
from typing import Any, NamedTuple

import msgspec

from kernel.errors import InvariantBroken
from kernel.features.bars import Bar, BarMaker
from kernel.features.plan import Node, Plan
from kernel.features.tables import Work
from kernel.indicators.kind import COLUMNS, Floats, Ints
from kernel.instrument import Instrument
from kernel.messages import CandleClosed

__all__ = [
    "MINUTE_NS", "Compiled", "CompiledEngine", "Engine", "Memory", "PlainEngine", "Seen", "read_output",
    "units_per_one",
]  # fmt: skip

MINUTE_NS = 60_000_000_000
_CANDLE = 1  # the mask's bit of the candles themselves
_FIELDS = COLUMNS[:5]
_MINUTE = 5


Seen = tuple[int, int, int, int, int, int, int]
"""A candle as other markets read it: ts, open, high, low, close, volume, open time."""


class Memory(msgspec.Struct):
    """All that an engine remembers: its arrays, the bars in the making, and the newest two candles that others read."""

    floats: list[float]
    ints: list[int]
    bars: list[BarMaker]
    newest: Seen | None = None
    earlier: Seen | None = None


class Compiled(NamedTuple):
    """Compiled code for the calls of a plan (kernel/features/tables.py), over float64 and int64 arrays.

    step(f, n, mask, open, high, low, close, volume, minute): a candle. run(f, n, at, segments, mask): the segments from
    n[at] on, of the clocks in the mask. arrays(floats, whole): the two arrays, from lists.
    """

    step: Callable[..., None]
    run: Callable[..., None]
    arrays: Callable[[Sequence[float], Sequence[int]], tuple[Any, Any]]


def units_per_one(instrument: Instrument) -> tuple[int, ...]:
    """What the integers of a candle, or of a bar, are divided by: open, high, low, close, volume."""
    price, volume = int(10**instrument.price_decimals), int(10**instrument.volume_decimals)
    return (price, price, price, price, volume)


def read_output(node: Node, output: str, f: Floats, n: Ints) -> float:
    """An output as a node's state has it, in plain Python whatever the arrays are."""
    floats, ints = node.kind.room(*node.params)
    own_f = [float(x) for x in f[node.i : node.i + floats]]
    own_n = [int(x) for x in n[node.j : node.j + ints]]
    return node.kind.outputs[output].emit(own_f, own_n, 0, 0)


class Engine(ABC):
    """See the module. `others`: the engines of all the run's markets by symbol; with none, nobody reads this one's."""

    def __init__(self, plan: Plan, instrument: Instrument, others: Mapping[str, "Engine"] | None = None) -> None:
        self.plan = plan
        self.f: Floats = list(plan.floats)
        self.n: Ints = list(plan.ints)
        self._others = others
        self._divisors = units_per_one(instrument)
        self._newest: Seen | None = None
        self._earlier: Seen | None = None
        self._makers = {place: BarMaker(s.length_ns) for place, s in enumerate(plan.sources) if s.length_ns}
        self._foreign = [(place, s.symbol) for place, s in enumerate(plan.sources) if s.symbol]
        self._alone = not self._makers and others is None
        if self._foreign and others is None:
            raise InvariantBroken("a plan that reads other symbols needs their engines")

    def update(self, candle: CandleClosed) -> None:
        """Let every node see the next candle: first bars that end late, then the candle with the bars that it ends."""
        if self._alone:
            self._step(candle, _CANDLE)
            return
        late = self._ended((place, maker.late(candle.open_time)) for place, maker in self._makers.items())
        if late:
            self._run(late)
        for place, symbol in self._foreign:
            self._others[symbol].write_seen_before(candle.ts, self.f, len(COLUMNS) * place)  # type: ignore[index]
        ended = self._ended((place, maker.take(candle)) for place, maker in self._makers.items())
        self._step(candle, _CANDLE | ended)
        if self._others is not None:
            seen = (candle.ts, candle.open, candle.high, candle.low, candle.close, candle.volume, candle.open_time)
            self._earlier, self._newest = self._newest, seen

    def write_seen_before(self, ts: int, f: Floats, at: int) -> None:
        """Write the columns of the last candle of an instant strictly earlier than `ts` into another's array."""
        seen = self._newest if self._newest is None or self._newest[0] < ts else self._earlier
        if seen is not None:
            for k, divisor in enumerate(self._divisors):
                f[at + k] = seen[k + 1] / divisor
            f[at + _MINUTE] = float(seen[-1] // MINUTE_NS)

    @abstractmethod
    def emit(self) -> Sequence[float]:
        """The wanted features' values after the newest candle, in the plan's order."""

    def watched(self, slot: int) -> float:
        """A watched feature's value after the newest candle; `slot` as the plan says."""
        return self.f[slot]

    def all_outputs(self, name: str) -> dict[str, float]:
        """Every output of the node that a wanted or watched feature reads, after the newest candle."""
        slot = self.plan.watched.get(name)
        node = self.plan.output(name)[0] if slot is None else self.plan.nodes[self.plan.origins[slot].node]
        return {output: read_output(node, output, self.f, self.n) for output in node.kind.outputs}

    def memory(self) -> Memory:
        """A copy of all that it remembers. What every candle writes before it is read is left out."""
        floats, ints = self._copied()
        floats[: len(COLUMNS)] = [nan] * len(COLUMNS)
        floats[self.plan.outputs_at :] = [nan] * len(self.plan.names)
        bars = [replace(maker) for maker in self._makers.values()]
        return Memory(floats, ints, bars, self._newest, self._earlier)

    def remember(self, memory: Memory) -> None:
        """Go on from what an engine of the same plan remembered."""
        self.f, self.n = list(memory.floats), list(memory.ints)
        self._makers = {place: replace(m) for place, m in zip(self._makers, memory.bars, strict=True)}
        self._newest, self._earlier = memory.newest, memory.earlier

    def _copied(self) -> tuple[list[float], list[int]]:
        """Both arrays, as lists of Python's own numbers."""
        return list(self.f), list(self.n)

    def _ended(self, bars: Any) -> int:
        """Write closed bars into the array; their clocks as a mask."""
        mask = 0
        for place, bar in bars:
            if bar is not None:
                self._write(len(COLUMNS) * place, bar)
                mask |= 1 << place
        return mask

    def _write(self, at: int, bar: Bar) -> None:
        *units, opened = bar
        for k, (amount, divisor) in enumerate(zip(units, self._divisors, strict=True)):
            self.f[at + k] = amount / divisor
        self.f[at + _MINUTE] = float(opened // MINUTE_NS)

    @abstractmethod
    def _step(self, candle: CandleClosed, mask: int) -> None:
        """Write the candle's columns, and run the updates of the mask's clocks."""

    @abstractmethod
    def _run(self, mask: int) -> None:
        """Run the updates of the mask's clocks."""


class PlainEngine(Engine):
    """Runs the kinds' own functions, in Python, over lists."""

    def __init__(self, plan: Plan, instrument: Instrument, others: Mapping[str, Engine] | None = None) -> None:
        super().__init__(plan, instrument, others)
        used = {place for work in plan.updates for place in work.places}
        self._reads = [
            (slot, attrgetter(name), divisor)
            for slot, (name, divisor) in enumerate(zip(_FIELDS, self._divisors, strict=True))
            if slot in used
        ]
        self._reads_minute = _MINUTE in used
        self._works = {_CANDLE: self._calls(_CANDLE)}
        self._emits = [(o.emit, node.i, node.j) for node, o in map(plan.output, plan.names)]

    def emit(self) -> Sequence[float]:
        """See Engine."""
        f, n = self.f, self.n
        values = []  # a comprehension would cost another call, on every candle
        for emit, i, j in self._emits:
            values.append(emit(f, n, i, j))
        return values

    def _step(self, candle: CandleClosed, mask: int) -> None:
        f = self.f
        for slot, column, divisor in self._reads:
            f[slot] = column(candle) / divisor
        if self._reads_minute:
            f[_MINUTE] = float(candle.open_time // MINUTE_NS)
        self._run(mask)

    def _run(self, mask: int) -> None:
        f, n = self.f, self.n
        works = self._works.get(mask)
        if works is None:
            works = self._works[mask] = self._calls(mask)
        for update, i, j, first, rest in works:
            if rest is None:
                update(f, n, i, j, f[first])
            else:
                update(f, n, i, j, f[first], *[f[place] for place in rest])

    def _calls(self, mask: int) -> list[tuple[Callable[..., None], int, int, int, Sequence[int] | None]]:
        """The updates of some clocks: function, state, the place of the first input, the places of any others."""
        nodes = self.plan.nodes
        works = [work for work in self.plan.updates if mask >> work.clock & 1]
        placed = [(work, nodes[work.node]) for work in works]
        return [
            (_function(work, node.kind), node.i, node.j, work.places[0], work.places[1:] or None)
            for work, node in placed
        ]


def _function(work: Work, kind: Any) -> Callable[..., None]:
    """A kind's update; or what writes one of its outputs to its place."""
    if work.call.function == "update":
        return kind.update  # type: ignore[no-any-return]
    emit, place = kind.outputs[work.call.function].emit, work.places[0]

    def store(f: Floats, n: Ints, i: int, j: int, _before: float) -> None:
        f[place] = emit(f, n, i, j)

    return store


class CompiledEngine(Engine):
    """Hands the arrays to compiled code."""

    def __init__(
        self, plan: Plan, instrument: Instrument, others: Mapping[str, Engine] | None = None, *, code: Compiled
    ) -> None:
        super().__init__(plan, instrument, others)
        self._code = code
        self._step_code, self._run_code = code.step, code.run
        self._outputs = slice(plan.outputs_at, plan.outputs_at + len(plan.names))
        self._update_at, self._updates, self._emit_at, self._emits = plan.tables.numbers[:4]
        self.f, self.n = code.arrays(self.f, self.n)

    def emit(self) -> Sequence[float]:
        """See Engine."""
        f: Any = self.f
        self._run_code(f, self.n, self._emit_at, self._emits, _CANDLE)
        return f[self._outputs].tolist()  # type: ignore[no-any-return]

    def remember(self, memory: Memory) -> None:
        """See Engine."""
        super().remember(memory)
        self.f, self.n = self._code.arrays(self.f, self.n)

    def _copied(self) -> tuple[list[float], list[int]]:
        f: Any = self.f
        n: Any = self.n
        return f.tolist(), n.tolist()

    def _step(self, candle: CandleClosed, mask: int) -> None:
        price, volume = self._divisors[0], self._divisors[-1]
        self._step_code(
            self.f, self.n, mask, candle.open / price, candle.high / price, candle.low / price, candle.close / price,
            candle.volume / volume, float(candle.open_time // MINUTE_NS),
        )  # fmt: skip

    def _run(self, mask: int) -> None:
        self._run_code(self.f, self.n, self._update_at, self._updates, mask)

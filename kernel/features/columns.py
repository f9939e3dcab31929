"""The same plan over blocks of candles, a node at a time: what block mode and batches run.

A node's functions are scanned over whole columns before the next node begins, on the same two arrays as the hot path,
which could go on from them. An input that counts other candles (a longer bar) is taken as it stood at that moment:
moments are numbered 2 * row for bars that end late, before the row's candle, and 2 * row + 1 for the candle itself.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from kernel.features.bar_columns import bars_of
from kernel.features.bars import BarMaker
from kernel.features.block import Block
from kernel.features.engine import MINUTE_NS, read_output, units_per_one
from kernel.features.plan import Plan
from kernel.features.resolve import Origin
from kernel.indicators.kind import Floats, Ints, Kind
from kernel.instrument import Instrument

__all__ = ["Columns", "Scan", "floats_of", "plain_scan"]

Column = npt.NDArray[np.float64]
Moments = npt.NDArray[np.int64]
Scan = Callable[..., None]
"""scan(f, n, i, j, wanted, outs, *inputs): update on every row, outputs into outs[k][row] where wanted[row]."""


class _Series(NamedTuple):
    """A value in the course of a block: `values[k]` holds from moment `moments[k]` on, `before` until then."""

    moments: Moments
    values: Column
    before: float


def floats_of(units: npt.NDArray[Any], divisor: int) -> Column:
    """Scaled integers as floats, each rounded once. Beyond 2**53 an integer is no float, and Python divides it."""
    if units.dtype != object and (not len(units) or max(-int(units.min()), int(units.max())) < 2**53):
        return units.astype(np.float64) / float(divisor)
    return np.array([value / divisor for value in units.tolist()], dtype=np.float64)


def plain_scan(kind: Kind, outputs: Sequence[str]) -> Scan:
    """The scan in Python, over lists or arrays."""
    update, emits = kind.update, [kind.outputs[name].emit for name in outputs]

    def scan(f: Floats, n: Ints, i: int, j: int, wanted: Any, outs: Any, *inputs: Column) -> None:
        listed = [column.tolist() for column in inputs]
        for row, (asked, *values) in enumerate(zip(wanted.tolist(), *listed, strict=True)):
            update(f, n, i, j, *values)
            if asked:
                for out, emit in zip(outs, emits, strict=True):
                    out[row] = emit(f, n, i, j)

    return scan


class Columns:
    """Runs a plan block by block; `watched` then holds the watched features' values, by slot.

    `scan(kind, outputs)` gives the scan of a kind; `arrays` makes the two state arrays.
    """

    def __init__(
        self,
        plan: Plan,
        instrument: Instrument,
        *,
        scan: Callable[[Kind, Sequence[str]], Scan] = plain_scan,
        arrays: Callable[[Sequence[float], Sequence[int]], tuple[Any, Any]] = lambda f, n: (list(f), list(n)),
    ) -> None:
        self.plan = plan
        self.f, self.n = arrays(plan.floats, plan.ints)
        self.makers = {place: BarMaker(s.length_ns) for place, s in enumerate(plan.sources) if s.length_ns}
        self.watched: Mapping[int, Column] = {}
        self._divisors = units_per_one(instrument)
        self._outputs = [_outputs_of(plan, k) for k in range(len(plan.nodes))]
        self._scans = [scan(node.kind, names) for node, names in zip(plan.nodes, self._outputs, strict=True)]

    def advance(
        self, block: Block, others: Mapping[str, Sequence[Column]] | None = None, *, gate: str = ""
    ) -> npt.NDArray[np.float64]:
        """The wanted features' values: one row a feature, one column a candle of the block, which must not be empty.

        `others`: for each symbol that the plan reads, the columns of the candles that each candle of the block sees.
        With a `gate`, a watched feature, the other values are there only for candles on which it is 1.0.
        """
        sources = self._sources(block, others or {})
        moments = sources[0].moments
        asked = np.ones(len(moments), dtype=np.bool_)
        wanted = asked
        made: dict[Origin, _Series] = {}
        gates = self._ancestors(gate) if gate else ()
        for k in [*gates, *(k for k in range(len(self.plan.nodes)) if k not in gates)]:
            node = self.plan.nodes[k]
            everywhere = node.stores or node.clock or k in gates
            self._scan(k, wanted if not everywhere else asked, sources, made)
            if gates and k == gates[-1]:
                wanted = _at(made[self.plan.origins[self.plan.watched[gate]]], moments) == 1.0
        out = np.empty((len(self.plan.names), len(moments)))
        for row, (place, output) in enumerate(self.plan.readings):
            out[row] = _at(made[Origin(node=place, output=output)], moments)
        self._leave(sources, made)
        self.watched = {slot: _at(made[self.plan.origins[slot]], moments) for slot in self.plan.watched.values()}
        return out

    def _scan(
        self, k: int, wanted: npt.NDArray[np.bool_], sources: Sequence["_Columns"], made: dict[Origin, _Series]
    ) -> None:
        """Scan one node over all its candles."""
        node, names = self.plan.nodes[k], self._outputs[k]
        moments = sources[node.clock].moments
        inputs = [self._input(place, moments, sources, made) for place in node.inputs]
        asked = wanted if not node.clock else np.ones(len(moments), dtype=np.bool_)
        before = [read_output(node, name, self.f, self.n) for name in names]
        values = np.full((len(names), len(moments)), np.nan)
        self._scans[k](self.f, self.n, node.i, node.j, asked, values, *inputs)
        for name, row, was in zip(names, values, before, strict=True):
            made[Origin(node=k, output=name)] = _Series(moments, row, was)

    def _input(
        self, place: int, moments: Moments, sources: Sequence["_Columns"], made: Mapping[Origin, _Series]
    ) -> Column:
        origin = self.plan.origins[place]
        if origin.node >= 0:
            return _at(made[origin], moments)
        if origin.source < 0:
            return np.full(len(moments), origin.constant)
        source = sources[origin.source]
        return _at(_Series(source.moments, source.columns[origin.column], float(self.f[place])), moments)

    def _sources(self, block: Block, others: Mapping[str, Sequence[Column]]) -> list["_Columns"]:
        """Every source's columns, and the moments at which they change."""
        candles = 2 * np.arange(len(block.open_time), dtype=np.int64) + 1
        found = []
        for place, source in enumerate(self.plan.sources):
            if source.symbol:
                found.append(_Columns(candles, others[source.symbol]))
            elif source.length_ns:
                bars, moments = bars_of(self.makers[place], block, self.plan.base_ns)
                found.append(_Columns(moments, self._floats(bars)))
            else:
                found.append(_Columns(candles, self._floats(block)))
        return found

    def _floats(self, block: Block) -> list[Column]:
        opened, *units = block
        columns = [floats_of(column, divisor) for column, divisor in zip(units, self._divisors, strict=True)]
        return [*columns, (opened // MINUTE_NS).astype(np.float64)]

    def _ancestors(self, name: str) -> list[int]:
        """The nodes that a watched feature stands on, itself last."""
        found: set[int] = set()
        waiting = [self.plan.origins[self.plan.watched[name]].node]
        while waiting:
            node = waiting.pop()
            found.add(node)
            origins = (self.plan.origins[place] for place in self.plan.nodes[node].inputs)
            waiting += [origin.node for origin in origins if origin.node >= 0]
        return sorted(found)

    def _leave(self, sources: Sequence["_Columns"], made: Mapping[Origin, _Series]) -> None:
        """Write into `f` what the hot path would have left there."""
        for place, origin in enumerate(self.plan.origins):
            if origin.source >= 0 and len(sources[origin.source].moments):
                self.f[place] = float(sources[origin.source].columns[origin.column][-1])
            elif origin.node >= 0 and len(made[origin].values):
                self.f[place] = float(made[origin].values[-1])


class _Columns(NamedTuple):
    """A source's columns in the course of a block: row k holds from moment `moments[k]` on."""

    moments: Moments
    columns: Sequence[Column]


def _at(series: _Series, moments: Moments) -> Column:
    """The values that hold at other moments."""
    if series.moments is moments:
        return series.values
    held = np.searchsorted(series.moments, moments, side="right")
    return np.concatenate(([series.before], series.values))[held]


def _outputs_of(plan: Plan, node: int) -> tuple[str, ...]:
    """The outputs of a node that somebody reads."""
    read = [output for place, output in plan.readings if place == node]
    return tuple(dict.fromkeys([*read, *(name for name, _ in plan.nodes[node].stores)]))

"""The ways by which values come about: candle by candle, compiled or not; and in blocks. (The batch is Hamilton's.)

Each gives a row a wanted feature and a column a candle.
"""

from array import array
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from kernel.blueprint import MakeEngine
from kernel.features.block_engine import BlockEngine
from kernel.features.declaration import Feature
from kernel.features.engine import CompiledEngine, Engine, Memory, PlainEngine
from kernel.features.plan import Plan, make_plan
from kernel.instrument import Instrument
from research.certify.recording import Recording, blocks_of, candles
from service.compiled import as_arrays, compiled, compiled_scan

__all__ = ["Leg", "Values", "candle_by_candle", "compiled_engine", "emissions", "in_blocks", "plan_of"]

Values = npt.NDArray[np.float64]


class Leg(NamedTuple):
    """From row `first` on an engine of this make goes on from what the one before remembered."""

    first: int
    make: MakeEngine


def compiled_engine(plan: Plan, instrument: Instrument, others: Mapping[str, Engine] | None) -> Engine:
    """The hot path as it runs."""
    return CompiledEngine(plan, instrument, others, code=compiled(plan.tables.calls))


def plan_of(recording: Recording, declared: Sequence[Feature], names: Sequence[str]) -> Plan:
    """The plan of the certified market."""
    return make_plan(declared, names, recording.base.base_ns)


def emissions(recording: Recording, plan: Plan, legs: Sequence[Leg]) -> Iterator[Sequence[float]]:
    """What is emitted after each of the market's candles. The first leg begins at row 0.

    Between legs, all that is remembered goes through bytes, as in a snapshot.
    """
    symbols = _read(recording, plan)
    engines = _fresh(recording, plan, symbols, legs[0].make)
    starts = {leg.first: leg.make for leg in legs[1:]}
    base, row = recording.symbol, 0
    for candle in candles(recording, symbols):
        if candle.symbol != base:
            engines[candle.symbol].update(candle)
            continue
        if row in starts:
            engines = _handed_over(engines, _fresh(recording, plan, symbols, starts[row]))
        engine = engines[base]
        engine.update(candle)
        yield engine.emit()
        row += 1


def candle_by_candle(recording: Recording, plan: Plan, legs: Sequence[Leg]) -> Values:
    """Everything that is emitted, in columns."""
    flat = array("d", chain.from_iterable(emissions(recording, plan, legs)))
    return np.frombuffer(flat, dtype=np.float64).reshape(recording.rows, len(plan.names)).T


def in_blocks(recording: Recording, plan: Plan, cuts: Sequence[int] = ()) -> Values:
    """What block mode makes of the candles, in pieces that end before the rows given."""
    symbols = _read(recording, plan)
    engines: dict[str, BlockEngine] = {}
    for symbol in symbols:
        own = plan if symbol == recording.symbol else _nothing(recording, symbol)
        others = engines if _foreign(plan) else None
        instrument = recording.instruments[symbol]
        engines[symbol] = BlockEngine(own, instrument, others, scan=compiled_scan, arrays=as_arrays)
    made = []
    for blocks in blocks_of(recording, cuts):
        for symbol, engine in engines.items():
            engine.give(blocks[symbol])
        for engine in engines.values():
            engine.advance()
        made.append(engines[recording.symbol].values)
    return made[0] if len(made) == 1 else np.concatenate(made, axis=1)


def _fresh(recording: Recording, plan: Plan, symbols: Sequence[str], make: MakeEngine) -> dict[str, Engine]:
    """An engine for every market that is read."""
    engines: dict[str, Engine] = {}
    others = engines if _foreign(plan) else None
    for symbol in symbols:
        if symbol == recording.symbol:
            engines[symbol] = make(plan, recording.instruments[symbol], others)
        else:
            engines[symbol] = PlainEngine(_nothing(recording, symbol), recording.instruments[symbol], others)
    return engines


def _handed_over(before: dict[str, Engine], after: dict[str, Engine]) -> dict[str, Engine]:
    for symbol, engine in after.items():
        remembered = msgspec.msgpack.encode(before[symbol].memory())
        engine.remember(msgspec.msgpack.decode(remembered, type=Memory))
    return after


def _read(recording: Recording, plan: Plan) -> list[str]:
    """The certified market and those that its plan reads, sorted as a run's markets are."""
    return sorted({recording.symbol, *_foreign(plan)})


def _foreign(plan: Plan) -> set[str]:
    return {source.symbol for source in plan.sources if source.symbol}


def _nothing(recording: Recording, symbol: str) -> Plan:
    """The plan of a market that is only read."""
    return make_plan((), (), recording.markets[symbol].base_ns)

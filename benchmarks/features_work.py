"""Engines and blocks for the benchmarks of features, and what they cost."""

from collections.abc import Sequence
from time import process_time
from typing import Any

import numpy as np
from features_market import candles_of, each_ns

from kernel.features.block import Block
from kernel.features.columns import Columns
from kernel.features.engine import CompiledEngine, Engine, PlainEngine
from kernel.features.plan import Plan
from kernel.instrument import Instrument
from kernel.messages import CandleClosed
from service.compiled import compiled, compiled_scan

BLOCK_ROWS = 16_384
TIMED = 20_000  # candles of a pass over the compiled engine; a tenth of them over the plain one


def block_of(candles: Sequence[CandleClosed]) -> Block:
    """Candles as columns."""
    rows = [(c.open_time, c.open, c.high, c.low, c.close, c.volume) for c in candles]
    return Block(*(np.array(column, dtype=np.int64) for column in zip(*rows, strict=True)))


def columns_of(plan: Plan, traded: Instrument) -> Columns:
    """The plan over blocks, compiled."""
    return Columns(plan, traded, scan=compiled_scan, arrays=compiled(plan.tables.calls).arrays)


def per_candle(plan: Plan, traded: Instrument, blocks: Sequence[Any], warm_rows: int) -> dict[str, float]:
    """Both engines, a candle at a time: update alone, update and emit, and how many values were there at the end."""
    candles = candles_of(blocks, traded.symbol, warm_rows + TIMED)
    fast = CompiledEngine(plan, traded, code=compiled(plan.tables.calls))
    for candle in candles[:warm_rows]:
        fast.update(candle)
    slow = PlainEngine(plan, traded)
    slow.remember(fast.memory())
    timed, few = candles[warm_rows:], candles[warm_rows : warm_rows + TIMED // 20]
    figures = {f"compiled_{name}": ns for name, ns in _costs(fast, timed).items()}
    figures |= {f"plain_{name}": ns for name, ns in _costs(slow, few).items()}
    values = list(fast.emit())
    return {**figures, "finite": sum(value - value == 0.0 for value in values) / len(values)}


def _costs(engine: Engine, candles: Sequence[CandleClosed]) -> dict[str, float]:
    update, emit = engine.update, engine.emit

    def both(candle: CandleClosed) -> None:
        update(candle)
        emit()

    return {"update_ns": each_ns(update, candles), "update_emit_ns": each_ns(both, candles)}


def same_bits(plan: Plan, traded: Instrument, blocks: Sequence[Any], rows: int) -> None:
    """Both engines and the columns give the same values, bit for bit, or this raises."""
    candles = candles_of(blocks, traded.symbol, rows)
    fast, slow = CompiledEngine(plan, traded, code=compiled(plan.tables.calls)), PlainEngine(plan, traded)
    found = np.empty((2, len(plan.names), rows))
    for row, candle in enumerate(candles):
        for k, engine in enumerate((fast, slow)):
            engine.update(candle)
            found[k, :, row] = engine.emit()
    scanned = columns_of(plan, traded).advance(block_of(candles))
    for values in found:
        differ = (values.view(np.int64) != scanned.view(np.int64)) & ~(np.isnan(values) & np.isnan(scanned))
        if differ.any():
            names = [plan.names[k] for k in np.flatnonzero(differ.any(axis=1))]
            raise AssertionError(f"other bits: {', '.join(names)}")


def scanned(plan: Plan, traded: Instrument, blocks: Sequence[Any]) -> dict[str, float]:
    """CPU nanoseconds a candle over all blocks, in pieces that stay small; and rows a second."""
    columns = columns_of(plan, traded)
    rows, started = 0, process_time()
    for block in blocks:
        for at in range(0, len(block[0]), BLOCK_ROWS):
            piece = Block(*(column[at : at + BLOCK_ROWS] for column in block))
            columns.advance(piece)
            rows += len(piece.open_time)
    cpu_s = process_time() - started
    return {"rows": rows, "scan_ns": cpu_s / rows * 1e9}

"""Chooses how a run computes its features. The choice changes how long it takes, and no bit of what comes out."""

from collections.abc import Callable, Mapping
from typing import Literal

from kernel.blueprint import MakeEngine
from kernel.features.engine import CompiledEngine, Engine, PlainEngine
from kernel.features.plan import Plan
from kernel.instrument import Instrument
from kernel.wake import next_row
from service.compiled import as_arrays, compiled, compiled_next_row, compiled_scan, told_off

__all__ = ["Mode", "engines_for", "next_row_for"]

Mode = Literal["block", "step"]

# To import numba and load compiled code takes 0.3 to 0.7 s: what plain Python needs for about this many updates.
_WORTH_COMPILING = 2_000_000
_SEARCHED = 10  # a row that is searched in plain Python costs about as much as ten updates
_FEW = 4  # nodes that plain Python updates as fast as one call of compiled code does


def engines_for(mode: Mode, candles: int) -> MakeEngine:
    """How a run over so many candles of each market makes its engines."""

    def step(plan: Plan, instrument: Instrument, others: Mapping[str, Engine] | None) -> Engine:
        if len(plan.nodes) > _FEW and _worth(len(plan.nodes) * candles):
            return CompiledEngine(plan, instrument, others, code=compiled(plan.tables.calls))
        return PlainEngine(plan, instrument, others)

    def block(plan: Plan, instrument: Instrument, others: Mapping[str, Engine] | None) -> Engine:
        from kernel.features.block_engine import BlockEngine

        if _worth((1 + len(plan.nodes)) * candles):
            return BlockEngine(plan, instrument, others, scan=compiled_scan, arrays=as_arrays)
        return BlockEngine(plan, instrument, others)

    return block if mode == "block" else step


def next_row_for(candles: int) -> Callable[..., int]:
    """The search for the next candle that wakes the kernel, for a run over so many candles."""
    return compiled_next_row() if _worth(_SEARCHED * candles) else next_row


def _worth(updates: int) -> bool:
    return updates >= _WORTH_COMPILING and not told_off()

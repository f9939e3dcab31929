"""A backtest: one execution of a run definition, from its first candle to the market's end, into a log."""

from asyncio import sleep
from collections.abc import Callable
from time import perf_counter
from typing import Any

from kernel.errors import UsageError
from kernel.messages import MarketEnded
from service.compose import Composed
from service.features import Mode, next_row_for
from service.journal import BatchJournal
from service.log.store import LogStore
from service.result import Name, Result, result_of
from service.runs import Execution
from service.session import Session

__all__ = ["backtest"]


async def backtest(
    execution: Execution,
    composed: Composed,
    store: LogStore,
    *,
    mode: Mode = "step",
    progress: Callable[[int], Any] = lambda _: None,
) -> Result:
    """Run to the market's end; the log is durable when this returns. Errors: those of the kernel, the store, the data.

    `mode` is how the kernel of `composed` was made (service/features.py). `progress` is called with the number of
    market messages done since the last call. Where the user's rule or the data ends the run, the log holds all that was
    derived before.
    """
    started = perf_counter()
    writer = await store.open(execution.stream)
    try:
        if writer.head.seq:
            raise UsageError(f"another execution wrote the stream {execution.stream} meanwhile", fix="run it again")
        prefix = f"{execution.run[:8]}-{writer.epoch}"
        journal = BatchJournal(writer, wire_prefix=prefix)
        session = Session(composed.kernel, composed.venue, journal)
        try:
            await (_run_blocks if mode == "block" else _run)(session, composed, progress)
        except UsageError:
            await journal.flush()
            raise
        await journal.flush()
    finally:
        await writer.close()
    name = Name(execution.run, execution.stream, journal.chain.head, journal.chain.decisions.hexdigest())
    return result_of(name, session.kernel, journal.tally, perf_counter() - started)


async def _run(session: Session, composed: Composed, progress: Callable[[int], Any]) -> None:
    state = session.kernel.state
    await session.message(composed.opening)
    done = 0
    for block in composed.feeder.blocks():
        await session.market(block)
        progress(state.ordinal - done)
        done = state.ordinal
        await sleep(0)  # a Ctrl-C is heard here
    await session.message(MarketEnded(state.ts, state.ordinal))


async def _run_blocks(session: Session, composed: Composed, progress: Callable[[int], Any]) -> None:
    from service.block import BlockRunner

    state = session.kernel.state
    await session.message(composed.opening)
    search = next_row_for(composed.feeder.rows)
    runner = BlockRunner(session, composed.venue, search, instants=composed.feeder.instants)
    done = 0
    for slices in composed.feeder.slices():
        await runner.market(slices)
        progress(state.ordinal - done)
        done = state.ordinal
        await sleep(0)
    await session.message(MarketEnded(state.ts, state.ordinal))

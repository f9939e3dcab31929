"""A backtest: one execution of a run definition, from its first candle to the market's end, into a log."""

from asyncio import sleep
from collections.abc import Callable
from time import perf_counter
from typing import Any

import msgspec

from kernel.errors import UsageError
from kernel.messages import MarketEnded
from kernel.money import ZERO, canonical_text
from kernel.pipeline import GATE
from service.compose import Composed
from service.features import Mode, next_row_for
from service.log.store import LogStore
from service.runs import Execution
from service.session import Session

__all__ = ["GateRate", "Result", "backtest"]


class GateRate(msgspec.Struct, frozen=True):
    """How many candles of a market the CUSUM gate looked at, and what share of them it rejected."""

    candles: int
    rejected: int
    rejected_share: float


class Result(msgspec.Struct, frozen=True):
    """What a backtest did. `events` counts the records of its log; money is exact, as text; `gate` is by symbol.

    `fees` are those paid in the account's currency; `fees_by_asset` has all.
    """

    run: str
    stream: str
    log_head: str
    decisions_digest: str
    events: int
    candles: int
    skipped: int
    skips: dict[str, int]
    gate: dict[str, GateRate]
    decisions: int
    orders: int
    fills: int
    trades: int
    refusals: int
    fees: str
    fees_by_asset: dict[str, str]
    opening_equity: str
    final_equity: str
    currency: str
    wall_s: float
    candles_per_s: int


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
        session = Session(composed.kernel, composed.venue, writer, wire_prefix=prefix)
        try:
            await (_run_blocks if mode == "block" else _run)(session, composed, progress)
        except UsageError:
            await session.flush()
            raise
    finally:
        await writer.close()
    return _result(execution, session, perf_counter() - started)


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
    await session.flush()


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
    await session.flush()


def _result(execution: Execution, session: Session, wall_s: float) -> Result:
    state, counts = session.kernel.state, session.counts
    candles = sum(market.seen - market.history for market in state.markets.values())
    return Result(
        run=execution.run,
        stream=execution.stream,
        log_head=session.chain.head.hash.hex(),
        decisions_digest=session.chain.decisions.hexdigest(),
        events=session.chain.head.seq,
        candles=candles,
        skipped=session.skips.total(),
        skips=dict(session.skips.most_common()),
        gate=_gate_rates(session),
        decisions=counts["DecisionMade"],
        orders=counts["OrderRequested"],
        fills=counts["OrderFilled"],
        trades=sum(book.round_trips for book in state.books.values()),
        refusals=counts["RiskRefused"] + counts["ReportRefused"],
        fees=canonical_text(state.fees.get(state.account.currency, ZERO)),
        fees_by_asset={asset: canonical_text(fee) for asset, fee in sorted(state.fees.items())},
        opening_equity=canonical_text(state.opening_equity),
        final_equity=canonical_text(state.equity),
        currency=state.account.currency,
        wall_s=round(wall_s, 3),
        candles_per_s=round(candles / wall_s),
    )


def _gate_rates(session: Session) -> dict[str, GateRate]:
    """Warm-up candles count as seen by no gate; empty without a gate. With several strategies each names its own."""
    rates: dict[str, GateRate] = {}
    kernel = session.kernel
    for name, book in kernel.state.books.items():
        for symbol, position in book.positions.items():
            market = kernel.state.markets[symbol]
            judged = market.seen - market.history
            if judged and GATE in kernel.engines[name][symbol].plan.watched:
                key = symbol if len(kernel.state.books) == 1 else f"{name} {symbol}"
                rates[key] = GateRate(judged, position.gated, round(position.gated / judged, 4))
    return rates

"""What an execution did, in figures: the answer of `candled backtest`, and of `candled run` at the market's end."""

from typing import NamedTuple

import msgspec

from kernel.kernel import Kernel
from kernel.money import ZERO, canonical_text
from kernel.pipeline import GATE
from service.journal import Tally
from service.log.record import Head

__all__ = ["GateRate", "Name", "Result", "result_of"]


class GateRate(msgspec.Struct, frozen=True):
    """How many candles of a market the CUSUM gate looked at, and what share of them it rejected."""

    candles: int
    rejected: int
    rejected_share: float


class Result(msgspec.Struct, frozen=True):
    """What an execution did. `events` counts the records of its log; money is exact, as text; `gate` is by symbol.

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


class Name(NamedTuple):
    """Which execution a result is of: its run, its stream, and what its log came to."""

    run: str
    stream: str
    head: Head
    decisions_digest: str


def result_of(name: Name, kernel: Kernel, tally: Tally, wall_s: float) -> Result:
    """The result of an execution that came to the market's end, from the kernel's state and its tally."""
    state, counts = kernel.state, tally.counts
    candles = sum(market.seen - market.history for market in state.markets.values())
    return Result(
        run=name.run,
        stream=name.stream,
        log_head=name.head.hash.hex(),
        decisions_digest=name.decisions_digest,
        events=name.head.seq,
        candles=candles,
        skipped=tally.skips.total(),
        skips=dict(tally.skips.most_common()),
        gate=_gate_rates(kernel),
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


def _gate_rates(kernel: Kernel) -> dict[str, GateRate]:
    """Warm-up candles count as seen by no gate; empty without a gate. With several strategies each names its own."""
    rates: dict[str, GateRate] = {}
    for name, book in kernel.state.books.items():
        for symbol, position in book.positions.items():
            market = kernel.state.markets[symbol]
            judged = market.seen - market.history
            if judged and GATE in kernel.engines[name][symbol].plan.watched:
                key = symbol if len(kernel.state.books) == 1 else f"{name} {symbol}"
                rates[key] = GateRate(judged, position.gated, round(position.gated / judged, 4))
    return rates

"""The domain metrics by name: what each one counts or shows, and by which labels.

Rule of this file: a label's values come from the stream's opening or from closed sets of ours. Where a word is a
venue's, or of code that may grow, a family takes so many different ones, and "other" for the rest.
"""

from typing import Literal, NamedTuple

from kernel.skip import SkipReason
from kernel.steps.enrichment import Enrichment
from kernel.steps.execution import Execution
from kernel.steps.features import FeatureEngineering
from kernel.steps.filters import FilterChain
from kernel.steps.gate import CusumGate
from kernel.steps.inference import Inference
from kernel.steps.waiting import Waiting

__all__ = ["COUNTERS", "SHOWN", "STEPS", "Family"]

STEPS = {
    SkipReason.WARMING_UP.label: Enrichment.name,
    SkipReason.GATE_CLOSED.label: CusumGate.name,
    SkipReason.FEATURE_NOT_FINITE.label: FeatureEngineering.name,
    SkipReason.NO_OPINION.label: Inference.name,
    SkipReason.TARGET_UNCHANGED.label: Inference.name,
    SkipReason.LOW_CONFIDENCE.label: FilterChain.name,
    SkipReason.COOLING_DOWN.label: FilterChain.name,
    SkipReason.OUTSIDE_SESSION.label: FilterChain.name,
    SkipReason.NOT_TRADED.label: Waiting.name,
    SkipReason.INSTANT_OPEN.label: Waiting.name,
    SkipReason.NOT_DUE.label: Waiting.name,
    SkipReason.AWAITING_EXIT.label: Execution.name,
    SkipReason.ENTRIES_BLOCKED.label: Execution.name,
    SkipReason.TRADING_HALTED.label: Execution.name,
}
"""Which step of the pipeline ends a candle with a reason; Waiting is what stands before it."""


class Family(NamedTuple):
    """A metric: what it says, and its labels. `words` says that the last label's values are not all ours."""

    help: str
    labels: tuple[str, ...] = ()
    words: bool = False
    kind: Literal["counter", "gauge"] = "gauge"


def _counter(text: str, *labels: str, words: bool = False) -> Family:
    return Family(text, labels, words, "counter")


# What the fold counts, one by one. Prometheus sees the name of a counter with "_total" behind it.
COUNTERS = {
    "candled_records": _counter("Records of the log.", "type"),
    "candled_candles": _counter("Candles that were decided on.", "symbol"),
    "candled_warmup_candles": _counter("Candles of the history before the run."),
    "candled_candle_gaps": _counter("Gaps in a market's candles.", "symbol"),
    "candled_revised_candles": _counter("Candles that the feed gave again with other numbers."),
    "candled_dropped_candles": _counter("Candles of the feed that were not used.", "reason"),
    "candled_skipped_candles": _counter(
        "Candles that ended undecided, counted when the record of their fold is written.", "strategy", "step", "reason"
    ),
    "candled_decisions": _counter("Decisions for another position.", "strategy", "direction"),
    "candled_requested_orders": _counter("Orders requested.", "strategy", "kind", "purpose"),
    "candled_requested_cancels": _counter("Wishes to cancel an order.", "strategy", "reason", words=True),
    "candled_ended_orders": _counter("Orders that ended.", "strategy", "state"),
    "candled_rejected_orders": _counter("Orders that the venue refused.", "strategy", "code", words=True),
    "candled_unknown_orders": _counter("Orders whose fate the venue did not tell.", "strategy"),
    "candled_fills": _counter("Fills that were booked.", "strategy", "liquidity"),
    "candled_risk_refusals": _counter("Targets that risk did not approve.", "strategy", "reason", words=True),
    "candled_refused_reports": _counter("Reports of the venue that contradict what is known.", "reason", words=True),
    "candled_commands": _counter("Commands of operators.", "command"),
    "candled_refused_commands": _counter("Commands that could not be carried out.", "command"),
    "candled_daemon_starts": _counter("Times that a daemon took the stream up."),
}
# What is shown of the account and the markets, as they stand.
SHOWN = {
    "candled_round_trips": _counter("Positions that were opened and closed.", "strategy"),
    "candled_turnover": _counter("What was bought and sold, in the quote asset.", "strategy", "asset"),
    "candled_market_timestamp_seconds": Family("Event time of the newest market message."),
    "candled_market_ended": Family("1 once the market has ended."),
    "candled_last_candle_timestamp_seconds": Family("Close time of a market's newest candle.", ("symbol",)),
    "candled_last_price": Family("A market's newest close, in its quote asset.", ("symbol",)),
    "candled_feed_live": Family("1 while a market's candles come, 0 while they stay away.", ("symbol",)),
    "candled_equity": Family("The account's worth when it was last marked.", ("currency",)),
    "candled_opening_equity": Family("The account's worth at its beginning.", ("currency",)),
    "candled_day_equity": Family("The account's worth at the beginning of the UTC day.", ("currency",)),
    "candled_peak_equity": Family("The highest mark since a drawdown was last over.", ("currency",)),
    "candled_drawdown_ratio": Family("How far the last mark lies below the peak."),
    "candled_fees": Family("Fees paid; below zero where rebates outweigh them.", ("asset",)),
    "candled_realized_profit": Family("Profit realized, fees apart, in the quote asset.", ("strategy", "symbol")),
    "candled_position_quantity": Family("A position, in base units.", ("strategy", "symbol")),
    "candled_position_notional": Family("A position at the last close, in quote.", ("strategy", "symbol")),
    "candled_gross_exposure": Family("Positions and live entries, worst case, in the currency.", ("strategy",)),
    "candled_net_exposure": Family("The same with long and short netted, over all strategies."),
    "candled_live_orders": Family("Orders that are live, or may be.", ("strategy", "state")),
    "candled_quarantined_orders": Family("Orders on which the venue contradicts itself."),
    "candled_account_trading_state": Family("What may be sent for the account: 0 active, 1 reducing, 2 halted."),
    "candled_strategy_trading_state": Family("The same for a strategy, the account's state included.", ("strategy",)),
    "candled_restrictions": Family("Restrictions in force, those of single markets too.", ("cause",), words=True),
}

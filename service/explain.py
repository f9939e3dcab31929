"""Why did it (not) trade at T? The recorded run is executed again up to that candle, and its steps are watched."""

from collections.abc import Callable, Sequence
from typing import Any, Literal

import msgspec

from kernel.codec import MESSAGE_TYPES
from kernel.context import STEP_NAMES, CandleContext, Outcome
from kernel.errors import CheckFailed, NotFound, UsageError
from kernel.events import CandlesSkipped, DecisionMade, Event, OrderRequested, RiskRefused
from kernel.features.engine import Engine
from kernel.instrument import Instrument
from kernel.kernel import Kernel
from kernel.levers import in_force
from kernel.messages import CandleClosed, MarketMessage, WarmupCandle
from kernel.money import canonical_text, from_units
from kernel.pipeline import GATE, Inputs
from kernel.replay import in_processing_order
from kernel.skip import SkipReason
from kernel.timeframe import iso
from service.compose import Composed
from service.definition import RunDefinition
from service.log.record import Record, decoded
from venues.dataset import Dataset

__all__ = ["Explanation", "StepTrace", "Trace", "candle_at", "explain"]


class StepTrace(msgspec.Struct, frozen=True):
    """What one step did: `outcome` says how far the candle came, `reason` why it ended, `values` what the step saw."""

    step: str
    outcome: Literal["passed", "skipped", "not_reached", "not_configured"]
    reason: str | None = None
    values: dict[str, Any] = {}


class Explanation(msgspec.Struct, frozen=True):
    """The answer. `seq` is the record that covers the candle; None for warm-up history, which is not recorded."""

    seq: int | None
    candle: dict[str, str]
    outcome: Literal["skipped", "ordered", "refused", "warmup"]
    reason: str | None
    steps: tuple[StepTrace, ...]
    orders: tuple[dict[str, Any], ...]


class Trace:
    """An observer that keeps what each step saw of one candle."""

    def __init__(self, kernel: Kernel, symbol: str) -> None:
        self.steps: dict[str, StepTrace] = {}
        self._engine = kernel.engines[symbol]
        self._inputs = kernel.inputs(symbol)

    def candle(self, _candle: CandleClosed) -> None:
        """Forget the candle before."""
        self.steps = {}

    def step(self, name: str, outcome: Outcome, context: CandleContext) -> None:
        """Keep what the step saw."""
        skipped = outcome if isinstance(outcome, SkipReason) else None
        values = _SEEN[name](context, self._inputs, self._engine)
        self.steps[name] = StepTrace(
            name, "skipped" if skipped else "passed", skipped.label if skipped else None, values
        )


def _gate(_context: CandleContext, _inputs: Inputs, engine: Engine) -> dict[str, Any]:
    plan = engine.plan
    (threshold,) = plan.nodes[plan.origins[plan.watched[GATE]].node].params
    return {"threshold": threshold} | {k: v for k, v in engine.all_outputs(GATE).items() if k != "open"}


def _values(context: CandleContext, inputs: Inputs, _engine: Engine) -> dict[str, Any]:
    warm = {"candles_seen": context.market.seen}
    return dict(zip(inputs.wanted, context.values, strict=False)) or warm


def _features(context: CandleContext, inputs: Inputs, engine: Engine) -> dict[str, Any]:
    return dict(zip(inputs.read, context.features, strict=False)) or _values(context, inputs, engine)


def _prediction(context: CandleContext, _inputs: Inputs, _engine: Engine) -> dict[str, Any]:
    said = context.prediction
    now = {"direction_now": context.market.direction}
    return now | ({"direction": said.direction, "confidence": said.confidence} if said else {})


def _events(context: CandleContext, _inputs: Inputs, _engine: Engine) -> dict[str, Any]:
    return {type(event).__name__: msgspec.to_builtins(event) for event in context.events}


_SEEN: dict[str, Callable[[CandleContext, Inputs, Engine], dict[str, Any]]] = {
    "CusumGate": _gate,
    "Enrichment": _values,
    "FeatureEngineering": _features,
    "Inference": _prediction,
    "FilterChain": _prediction,
    "Execution": _events,
}


_FATES = (CandlesSkipped.__name__, DecisionMade.__name__)
_WINDOW = "ask for an earlier candle; `candled log show RUN` shows what was recorded"


def candle_at(dataset: Dataset, at: int) -> int:
    """The open time of the candle that opens at or last before `at`. Errors: NotFound when the data starts later."""
    opened = None
    for block in dataset.blocks(before_ns=at + 1):
        opened = int(block.open_time[-1])
    if opened is None:
        manifest = dataset.manifest
        raise NotFound(f"{manifest.symbol} has no candle at {iso(at)} or before", fix=f"it begins at {manifest.first}")
    return opened


def explain(
    composed: Composed, definition: RunDefinition, recorded: Sequence[Record], *, symbol: str, opened: int
) -> Explanation:
    """Execute up to the candle of `symbol` that opens at `opened`, watching its steps.

    Errors: UsageError when the run never came to that candle; CheckFailed when the log says something else; LogCorrupt
    when it cannot be read.
    """
    kernel, trace = composed.kernel, Trace(composed.kernel, symbol)
    logged = (decoded(record) for record in recorded if record.type in MESSAGE_TYPES)
    for message in in_processing_order(composed.feeder.messages(), logged):
        if isinstance(message, CandleClosed) and message.open_time == opened and message.symbol == symbol:
            kernel.observer = trace
            events = kernel.turn(message)
            return _answer(message, kernel.state.ordinal, events, trace, definition, recorded)
        kernel.turn(message)
    raise UsageError(f"the run has no candle of {symbol} that opens at {iso(opened)}: it ended before", fix=_WINDOW)


def _answer(
    candle: MarketMessage,
    ordinal: int,
    events: Sequence[Event],
    trace: Trace,
    definition: RunDefinition,
    recorded: Sequence[Record],
) -> Explanation:
    steps = tuple(trace.steps.get(name) or StepTrace(name, _absent(name, definition)) for name in STEP_NAMES)
    reason = next((step.reason for step in steps if step.reason), None)
    refused = next((e.reason for e in events if isinstance(e, RiskRefused)), None)
    instrument = next(m.instrument for m in definition.markets if m.instrument.symbol == candle.symbol)
    warmup = isinstance(candle, WarmupCandle)
    return Explanation(
        seq=None if warmup else _covering(recorded, ordinal, reason),
        candle=_shown(candle, instrument),
        outcome="warmup" if warmup else "refused" if refused else "skipped" if reason else "ordered",
        reason=reason or refused,
        steps=steps,
        orders=tuple(_order_story(recorded, e.order) for e in events if isinstance(e, OrderRequested)),
    )


def _absent(name: str, definition: RunDefinition) -> Literal["not_configured", "not_reached"]:
    strategy = in_force(definition.strategy)
    missing = {"CusumGate": strategy.gate is None, "FilterChain": not strategy.filters}
    return "not_configured" if missing.get(name) else "not_reached"


def _covering(recorded: Sequence[Record], ordinal: int, reason: str | None) -> int:
    """The seq of the record that holds the candle's fate, which must agree with what was derived again."""
    last = 0
    for record in recorded:
        if record.type in _FATES:
            event = decoded(record)
            skipped = isinstance(event, CandlesSkipped)
            first, last = (event.first, event.last) if skipped else (event.candle, event.candle)
            if first <= ordinal <= last and (reason in event.counts if skipped else reason is None):
                return record.seq
    if last < ordinal:
        raise UsageError(f"the log ends at candle {last}, before this one, which is candle {ordinal}", fix=_WINDOW)
    raise CheckFailed(
        f"executed again, candle {ordinal} gives {reason or 'a decision'}; the log does not say so",
        fix="run `candled replay RUN --verify`: it names the first record that differs",
    )


def _order_story(recorded: Sequence[Record], order: int) -> dict[str, Any]:
    """An order's request and everything that was recorded about it, in order."""
    marks = [f'"order":{order}{end}'.encode() for end in ",}"]
    told = [(r.seq, decoded(r)) for r in recorded if any(mark in r.payload for mark in marks)]
    mine = [{"seq": seq} | msgspec.to_builtins(event) for seq, event in told if getattr(event, "order", 0) == order]
    return {"order": order, "records": mine}


def _shown(candle: MarketMessage, instrument: Instrument) -> dict[str, str]:
    prices = {name: getattr(candle, name) for name in ("open", "high", "low", "close")}
    return {
        "symbol": candle.symbol,
        "opened_at": iso(candle.open_time),
        "closed_at": iso(candle.ts),
        **{name: canonical_text(from_units(units, instrument.price_decimals)) for name, units in prices.items()},
        "volume": canonical_text(from_units(candle.volume, instrument.volume_decimals)),
    }

"""What each step saw of one candle: the values that went in, and why the candle ended there."""

from collections.abc import Callable
from typing import Any, Literal

import msgspec

from kernel.context import CandleContext, Outcome
from kernel.features.engine import Engine
from kernel.kernel import Kernel
from kernel.messages import CandleClosed
from kernel.pipeline import GATE, Inputs
from kernel.skip import SkipReason

__all__ = ["StepTrace", "Trace"]


class StepTrace(msgspec.Struct, frozen=True):
    """What one step did: `outcome` says how far the candle came, `reason` why it ended, `values` what the step saw."""

    step: str
    outcome: Literal["passed", "skipped", "not_reached", "not_configured"]
    reason: str | None = None
    values: dict[str, Any] = {}


class Trace:
    """An observer that keeps what each step saw of one candle."""

    def __init__(self, kernel: Kernel, strategy: str, symbol: str) -> None:
        self.steps: dict[str, StepTrace] = {}
        self._engine = kernel.engines[strategy][symbol]
        self._inputs = kernel.inputs(strategy, symbol)
        self._position = kernel.state.books[strategy].positions[symbol]

    def candle(self, _candle: CandleClosed) -> None:
        """Steps follow of some strategy and market; those of others are not kept."""

    def step(self, name: str, outcome: Outcome, context: CandleContext) -> None:
        """Keep what the step saw."""
        if context.position is not self._position:
            return
        skipped = outcome if isinstance(outcome, SkipReason) else None
        seen = _prediction if skipped and name == "Execution" else _SEEN[name]  # it made no events
        values = seen(context, self._inputs, self._engine)
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
    now = {"direction_now": context.position.direction}
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
    "Waiting": _values,
}

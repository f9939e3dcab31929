"""CandlePipeline: runs the steps over one candle's context; the first skip ends the candle.

A step that a strategy does not configure is not there: it could only let everything pass.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from kernel.context import CandleContext, Observer, Outcome, PipelineStep, Predict
from kernel.features.declaration import Feature
from kernel.features.engine import Engine
from kernel.features.plan import Plan, make_plan
from kernel.instrument import Instrument
from kernel.levers import declared_features
from kernel.messages import CandleClosed
from kernel.models.rule import Rule
from kernel.skip import SkipReason
from kernel.state import Market, State
from kernel.steps.enrichment import Enrichment
from kernel.steps.execution import Execution
from kernel.steps.features import FeatureEngineering
from kernel.steps.filters import FilterChain
from kernel.steps.gate import CusumGate
from kernel.steps.inference import Inference
from kernel.strategy import Gate, Strategy

if TYPE_CHECKING:
    from kernel.features.transform import FittedTransform

__all__ = ["GATE", "CandlePipeline", "Inputs", "plan_of"]

GATE = "cusum_gate"  # the name of the gate's own feature; no declared one may have it

_UNREAD = CandleClosed(0, "", 0, 0, 0, 0, 0, 0)


def plan_of(
    strategy: Strategy, wanted: Sequence[str], instrument: Instrument, base_ns: int, groups_off: Sequence[str] = ()
) -> Plan:
    """What one market computes: the wanted features, but for those of groups that are off, and the gate's filter.

    `strategy` is in force. Errors: ConfigError, as `make_plan` and `declared_features`.
    """
    gate = [] if strategy.gate is None else [_gate_feature(strategy.gate, instrument.symbol)]
    scale = [strategy.gate.volatility] if strategy.gate is not None and strategy.gate.volatility else []
    declared = declared_features(strategy, [*wanted, *scale])
    off = _standing_on(declared, {f.name for f in declared if f.group in groups_off})
    names = [name for name in wanted if name not in off]
    return make_plan([*declared, *gate], names, base_ns, watched=[f.name for f in gate])


def _gate_feature(gate: Gate, symbol: str) -> Feature:
    threshold = gate.symbols.get(symbol, gate.threshold)
    return Feature(GATE, "cusum", inputs=("close", gate.volatility or "1"), params={"threshold": threshold})


def _standing_on(declared: Sequence[Feature], off: set[str]) -> set[str]:
    """With every feature that reads one of them. Inputs stand before or after their readers: look until none is new."""
    while more := {f.name for f in declared if f.name not in off and off & set(f.inputs)}:
        off = off | more
    return off


class Inputs(NamedTuple):
    """What the model is given: the `wanted` features' values, transformed or not, of which it reads those of `read`."""

    wanted: Sequence[str]
    transform: "FittedTransform | None"
    read: Sequence[str]


class CandlePipeline:
    """The steps of one strategy on one market, with the engine that every candle updates before them."""

    def __init__(
        self,
        strategy: Strategy,
        model_hash: str,
        rule: Rule | None,
        inputs: "Inputs",
        state: State,
        market: Market,
        engine: Engine,
    ) -> None:
        self.market = market
        self.rule = rule
        self.inputs = inputs
        self.engine = engine
        self.update = engine.update
        self.steps = _steps(strategy, model_hash, rule, inputs, market, engine)
        self._calls = tuple(step.__call__ for step in self.steps)  # a bound method is called at half the price
        self._context = CandleContext(state, market, _UNREAD)

    def run(self, candle: CandleClosed) -> Outcome:
        """Give the context, with its events, or the reason why the candle ended."""
        context = self._context
        context.candle = candle
        for step in self._calls:
            outcome = step(context)
            if outcome is not context:
                return outcome
        return context

    def run_observed(self, candle: CandleClosed, observer: Observer) -> Outcome:
        """The same, telling `observer` after each step."""
        context = self._context
        context.candle = candle
        context.prediction = None
        observer.candle(candle)
        for step in self.steps:
            outcome = step(context)
            observer.step(step.name, outcome, context)
            if isinstance(outcome, SkipReason):
                return outcome
        return context


def _steps(
    strategy: Strategy, model_hash: str, rule: Rule | None, inputs: Inputs, market: Market, engine: Engine
) -> Sequence[PipelineStep]:
    steps: list[PipelineStep] = []
    if strategy.gate is not None:
        steps.append(CusumGate(engine, engine.plan.watched[GATE]))
    steps += [
        Enrichment(engine, inputs.wanted),
        FeatureEngineering(inputs.wanted, inputs.transform, inputs.read),
        Inference(_predict(strategy, rule, market)),
    ]
    if strategy.filters:
        steps.append(FilterChain(strategy.filters))
    steps.append(Execution(strategy.name, model_hash, strategy.execution.quantity))
    return tuple(steps)


def _predict(strategy: Strategy, rule: Rule | None, market: Market) -> Predict:
    if rule is None:
        return strategy.model.predict  # type: ignore[union-attr]
    rule_predict = rule.predict
    return lambda values: rule_predict(values, market)

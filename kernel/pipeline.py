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
from kernel.models.rotation import Rotation
from kernel.models.rule import Rule
from kernel.risk.approve import Risk
from kernel.skip import SkipReason
from kernel.state import Market, Position, State
from kernel.steps.enrichment import Enrichment
from kernel.steps.execution import Execution
from kernel.steps.features import FeatureEngineering
from kernel.steps.filters import FilterChain
from kernel.steps.gate import CusumGate
from kernel.steps.inference import Inference
from kernel.steps.waiting import Waiting
from kernel.strategy import Gate, Model, Strategy

if TYPE_CHECKING:
    from kernel.features.transform import FittedTransform

__all__ = ["GATE", "CandlePipeline", "Desk", "Inputs", "plan_of"]

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
    """What the steps are given: the values of `wanted` features, of which the model reads those of `read`.

    With a transform the first `transformed` of them go through it. `measures` are those that sizes and exits are
    measured in; they come untransformed, behind the others where those do not hold them.
    """

    wanted: Sequence[str]
    transform: "FittedTransform | None"
    read: Sequence[str]
    measures: Sequence[str] = ()

    @property
    def transformed(self) -> int:
        """How many of the wanted values the transform takes."""
        return 0 if self.transform is None else len(self.transform.features)


class Desk(NamedTuple):
    """One strategy as it runs: in force, with the hash of its model, behind risk."""

    strategy: Strategy
    model_hash: str
    risk: Risk


class CandlePipeline:
    """The steps of one strategy on one market, with the engine that every candle updates before them.

    Where the model decides over several markets at once (kernel/panel.py), a candle ends by waiting for that.
    """

    def __init__(
        self, desk: Desk, rule: Rule | None, inputs: Inputs, state: State, market: Market, position: Position,
        engine: Engine,
    ) -> None:  # fmt: skip
        self.market = market
        self.position = position
        self.rule = rule
        self.inputs = inputs
        self.engine = engine
        self.update = engine.update
        strategy = desk.strategy
        self.reading: list[PipelineStep] = [
            Enrichment(engine, inputs.wanted),
            FeatureEngineering(inputs.wanted, inputs.transform, inputs.read),
        ]
        self.acting: list[PipelineStep] = [FilterChain(strategy.filters)] if strategy.filters else []
        self.acting.append(Execution(strategy, desk.model_hash, desk.risk, inputs.wanted))
        gate = [CusumGate(engine, engine.plan.watched[GATE])] if strategy.gate is not None else []
        if isinstance(strategy.model, Rotation):
            self.steps: tuple[PipelineStep, ...] = (Waiting(),)
        else:
            self.steps = (
                *gate,
                *self.reading,
                Inference(_predict(strategy.model, rule, market, position)),
                *self.acting,
            )
        self._calls = tuple(step.__call__ for step in self.steps)  # a bound method is called at half the price
        self.context = CandleContext(state, market, position, _UNREAD)

    def run(self, candle: CandleClosed) -> Outcome:
        """Give the context, with its events, or the reason why the candle ended."""
        context = self.context
        context.candle = candle
        context.ts = candle.ts
        for step in self._calls:
            outcome = step(context)
            if outcome is not context:
                return outcome
        return context

    def run_observed(self, candle: CandleClosed, observer: Observer) -> Outcome:
        """The same, telling `observer` after each step."""
        context = self.context
        context.candle = candle
        context.ts = candle.ts
        context.prediction = None
        observer.candle(candle)
        return self.through(self.steps, observer)

    def through(self, steps: Sequence[PipelineStep], observer: Observer | None) -> Outcome:
        """Run some of the steps on the context as it is."""
        context = self.context
        for step in steps:
            outcome = step(context)
            if observer is not None:
                observer.step(step.name, outcome, context)
            if isinstance(outcome, SkipReason):
                return outcome
        return context


def _predict(model: Model, rule: Rule | None, market: Market, position: Position) -> Predict:
    if rule is None:
        return model.predict  # type: ignore[union-attr]
    rule_predict = rule.predict
    return lambda values: rule_predict(values, market, position)

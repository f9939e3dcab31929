"""CandlePipeline: runs the steps over one candle's context; the first skip ends the candle.

A step that a strategy does not configure is not there: it could only let everything pass.
"""

from collections.abc import Callable, Sequence
from operator import attrgetter

from kernel.context import CandleContext, Observer, Outcome, PipelineStep, Predict
from kernel.errors import ConfigError
from kernel.evolve import Updates
from kernel.indicators.cusum import Cusum
from kernel.indicators.registry import INDICATORS, AnyIndicator
from kernel.instrument import Instrument
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
from kernel.strategy import Strategy

__all__ = ["CandlePipeline", "make_indicators"]

_UNREAD = CandleClosed(0, "", 0, 0, 0, 0, 0, 0)


def make_indicators(strategy: Strategy) -> list[AnyIndicator]:
    """Fresh indicators of one market: the declared features in order, then the gate's filter if there is a gate."""
    made: list[AnyIndicator] = [INDICATORS[f.kind](period=f.period) for f in strategy.features]
    if strategy.gate is not None:
        made.append(Cusum(threshold=strategy.gate.threshold))
    return made


class CandlePipeline:
    """The steps of one strategy on one market, and the indicators that every candle updates before them."""

    def __init__(self, strategy: Strategy, model_hash: str, rule: Rule | None, state: State, market: Market) -> None:
        self.market = market
        self.rule = rule
        self.updates = _updates(strategy, market)
        self.steps = _steps(strategy, model_hash, rule, market)
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


def _updates(strategy: Strategy, market: Market) -> Updates:
    """Indicators grouped by the column that they read, so that each column is converted once a candle."""
    listeners: dict[str, list[Callable[[float], None]]] = {}
    inputs = [f.input for f in strategy.features] + ["close"] * (strategy.gate is not None)
    for column, indicator in zip(inputs, market.indicators, strict=True):
        listeners.setdefault(column, []).append(indicator.update)
    return [(attrgetter(column), _divisor(market.instrument, column), wants) for column, wants in listeners.items()]


def _divisor(instrument: Instrument, column: str) -> int:
    decimals = instrument.volume_decimals if column == "volume" else instrument.price_decimals
    return int(10**decimals)


def _steps(strategy: Strategy, model_hash: str, rule: Rule | None, market: Market) -> Sequence[PipelineStep]:
    steps: list[PipelineStep] = []
    filter_ = market.indicators[-1] if strategy.gate is not None else None
    if isinstance(filter_, Cusum):
        steps.append(CusumGate(filter_))
    steps += [
        _enrichment(strategy, rule, market),
        FeatureEngineering(),
        Inference(_predict(strategy, rule, market)),
    ]
    if strategy.filters:
        steps.append(FilterChain(strategy.filters))
    steps.append(Execution(strategy.name, model_hash, strategy.execution.quantity))
    return tuple(steps)


def _enrichment(strategy: Strategy, rule: Rule | None, market: Market) -> Enrichment:
    by_name = {f.name: indicator for f, indicator in zip(strategy.features, market.indicators, strict=False)}
    inputs = rule.inputs if rule is not None else strategy.model.inputs  # type: ignore[union-attr]
    for name in inputs:
        if name not in by_name:
            raise ConfigError(
                f"the model reads a feature {name!r} that the strategy does not declare",
                fix=f"declared are: {', '.join(by_name) or 'none'}",
            )
    return Enrichment([by_name[name].emit for name in inputs], max((i.warmup for i in market.indicators), default=1))


def _predict(strategy: Strategy, rule: Rule | None, market: Market) -> Predict:
    if rule is None:
        return strategy.model.predict  # type: ignore[union-attr]
    rule_predict = rule.predict
    return lambda values: rule_predict(values, market)

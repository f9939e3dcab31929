"""What a kernel is built from, and the building: for every market a plan, an engine and a pipeline."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec

from kernel.errors import ConfigError
from kernel.features.engine import Engine, PlainEngine
from kernel.features.plan import Plan
from kernel.instrument import Instrument
from kernel.levers import declared_features, in_force
from kernel.models.rule import Rule
from kernel.pipeline import CandlePipeline, Inputs, plan_of
from kernel.state import State
from kernel.strategy import Strategy
from kernel.timeframe import timeframe_ns

if TYPE_CHECKING:
    from kernel.features.transform import FittedTransform

__all__ = ["Blueprint", "MakeEngine", "assemble", "engines_of", "inputs_of", "plans_of"]

MakeEngine = Callable[[Plan, Instrument, Mapping[str, Engine] | None], Engine]


class Blueprint(msgspec.Struct, frozen=True):
    """All that a kernel is built from.

    `instruments` in symbol order, `lengths_ns` the length of each one's candles; `make_rule` makes the user's rule;
    `transform` is the fitted transform that the strategy names; `make_engine` chooses how features are computed, which
    changes no bit of them.
    """

    strategy: Strategy
    model_hash: str
    instruments: tuple[Instrument, ...]
    lengths_ns: tuple[int, ...]
    make_rule: Callable[[], Rule] | None = None
    transform: "FittedTransform | None" = None
    make_engine: MakeEngine = PlainEngine


def inputs_of(strategy: Strategy, rule: Rule | None, transform: "FittedTransform | None") -> Inputs:
    """What is computed: the features of the transform, else those that the model reads. Errors: ConfigError."""
    inputs: Sequence[str] = rule.inputs if rule is not None else strategy.model.inputs  # type: ignore[union-attr]
    if transform is None:
        return Inputs(inputs, None, inputs)
    kept = [scaling.name for scaling in transform.kept]
    for name in inputs:
        if name not in kept:
            raise ConfigError(
                f"the model reads {name!r}, which the fitted transform {strategy.transform[:12]} does not give",
                fix=f"it gives: {', '.join(kept)}",
            )
    return Inputs([feature.name for feature in transform.features], transform, inputs)


def plans_of(blueprint: Blueprint, groups_off: Sequence[str] = ()) -> Mapping[str, Plan]:
    """What each market computes. Errors: ConfigError."""
    strategy = in_force(blueprint.strategy)
    rule = blueprint.make_rule() if blueprint.make_rule else None
    wanted = inputs_of(strategy, rule, blueprint.transform).wanted
    transform = blueprint.transform
    if transform is not None:
        transform.check(wanted, declared_features(strategy, wanted))
        if any(timeframe_ns(transform.timeframe) != length_ns for length_ns in blueprint.lengths_ns):
            raise ConfigError(
                f"the fitted transform {strategy.transform[:12]} was fitted on candles of {transform.timeframe}",
                fix="use it on markets of that timeframe, or fit another",
            )
    markets = zip(blueprint.instruments, blueprint.lengths_ns, strict=True)
    plans = {i.symbol: plan_of(strategy, wanted, i, length_ns, groups_off) for i, length_ns in markets}
    for symbol, plan in plans.items():
        for source in plan.sources:
            if source.symbol and source.symbol not in plans:
                raise ConfigError(
                    f"a feature of {symbol} reads {source.symbol}, which is no market of this run",
                    fix=f"add it, or use other features; the markets are: {', '.join(plans)}",
                )
    return plans


def engines_of(blueprint: Blueprint, plans: Mapping[str, Plan]) -> dict[str, Engine]:
    """A fresh engine for every market. They know each other where one reads another's candles."""
    engines: dict[str, Engine] = {}
    others = engines if any(source.symbol for plan in plans.values() for source in plan.sources) else None
    for instrument in blueprint.instruments:
        engines[instrument.symbol] = blueprint.make_engine(plans[instrument.symbol], instrument, others)
    return engines


def assemble(blueprint: Blueprint, state: State, engines: Mapping[str, Engine]) -> dict[str, CandlePipeline]:
    """The pipelines of all markets over a state."""
    strategy, make_rule = in_force(blueprint.strategy), blueprint.make_rule
    pipelines = {}
    for symbol, market in state.markets.items():
        rule = make_rule() if make_rule else None
        inputs = inputs_of(strategy, rule, blueprint.transform)
        pipelines[symbol] = CandlePipeline(strategy, blueprint.model_hash, rule, inputs, state, market, engines[symbol])
    return pipelines

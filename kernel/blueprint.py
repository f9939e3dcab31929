"""What a kernel is built from, and the building: for every strategy and market a plan, an engine and a pipeline."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec

from kernel.errors import ConfigError
from kernel.features.engine import Engine, PlainEngine
from kernel.features.plan import Plan
from kernel.instrument import Instrument
from kernel.levers import declared_features, in_force
from kernel.limits import Limits
from kernel.models.rule import Rule
from kernel.pipeline import CandlePipeline, Desk, Inputs, plan_of
from kernel.risk.approve import Risk
from kernel.risk.protections import Protection
from kernel.state import Book, Position, State
from kernel.strategy import Strategy
from kernel.timeframe import timeframe_ns

if TYPE_CHECKING:
    from kernel.features.transform import FittedTransform

__all__ = [
    "Blueprint", "Engines", "MakeEngine", "RiskConfig", "Seat", "assemble", "books_of", "engines_of", "inputs_of",
    "plans_of",
]  # fmt: skip

MakeEngine = Callable[[Plan, Instrument, Mapping[str, Engine] | None], Engine]
Engines = dict[str, dict[str, Engine]]
"""By strategy, then by symbol."""


class RiskConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What holds for the whole account: limits on all strategies together, and protections."""

    limits: Limits = Limits()
    protections: tuple[Protection, ...] = ()


class Seat(msgspec.Struct, frozen=True):
    """One strategy of a run: `make_rule` makes the user's rule, `transform` is the fitted transform that it names."""

    strategy: Strategy
    model_hash: str
    make_rule: Callable[[], Rule] | None = None
    transform: "FittedTransform | None" = None


class Blueprint(msgspec.Struct, frozen=True):
    """All that a kernel is built from.

    `seats` in the order in which they decide; `instruments` in symbol order, `lengths_ns` the length of each one's
    candles; `make_engine` chooses how features are computed, which changes no bit of them.
    """

    seats: tuple[Seat, ...]
    instruments: tuple[Instrument, ...]
    lengths_ns: tuple[int, ...]
    risk: RiskConfig = RiskConfig()
    make_engine: MakeEngine = PlainEngine

    @property
    def strategies(self) -> tuple[Strategy, ...]:
        """The strategies as their levers set them."""
        return tuple(in_force(seat.strategy) for seat in self.seats)


def traded(strategy: Strategy, instruments: Sequence[Instrument]) -> Sequence[Instrument]:
    """The run's markets that a strategy trades. Errors: ConfigError for one that the run does not have."""
    known = {i.symbol for i in instruments}
    for symbol in strategy.symbols:
        if symbol not in known:
            raise ConfigError(
                f"strategy {strategy.name} trades {symbol}, which is no market of this run",
                fix=f"the markets are: {', '.join(sorted(known))}",
            )
    return [i for i in instruments if not strategy.symbols or i.symbol in strategy.symbols]


def books_of(blueprint: Blueprint) -> dict[str, Book]:
    """An empty book for every strategy."""
    return {
        s.name: Book({i.symbol: Position() for i in traded(s, blueprint.instruments)}) for s in blueprint.strategies
    }


def inputs_of(seat: Seat, rule: Rule | None) -> Inputs:
    """What is computed: the features of the transform, else those that the model reads, and what sizes are measured in.

    Errors: ConfigError.
    """
    strategy, transform = in_force(seat.strategy), seat.transform
    inputs: Sequence[str] = rule.inputs if rule is not None else strategy.model.inputs  # type: ignore[union-attr]
    measures = strategy.measures
    if transform is None:
        return Inputs([*inputs, *(name for name in measures if name not in inputs)], None, inputs, measures)
    kept = [scaling.name for scaling in transform.kept]
    for name in inputs:
        if name not in kept:
            raise ConfigError(
                f"the model reads {name!r}, which the fitted transform {strategy.transform[:12]} does not give",
                fix=f"it gives: {', '.join(kept)}",
            )
    taken = [feature.name for feature in transform.features]
    return Inputs([*taken, *(name for name in measures if name not in taken)], transform, inputs, measures)


def plans_of(blueprint: Blueprint, groups_off: Sequence[str] = ()) -> dict[str, dict[str, Plan]]:
    """What each strategy computes of each of its markets. Errors: ConfigError."""
    return {seat.strategy.name: _plans(blueprint, seat, groups_off) for seat in blueprint.seats}


def _plans(blueprint: Blueprint, seat: Seat, groups_off: Sequence[str]) -> dict[str, Plan]:
    strategy = in_force(seat.strategy)
    rule = seat.make_rule() if seat.make_rule else None
    wanted = inputs_of(seat, rule).wanted
    transform = seat.transform
    if transform is not None:
        taken = [feature.name for feature in transform.features]
        transform.check(taken, declared_features(strategy, taken))
        if any(timeframe_ns(transform.timeframe) != length_ns for length_ns in blueprint.lengths_ns):
            raise ConfigError(
                f"the fitted transform {strategy.transform[:12]} was fitted on candles of {transform.timeframe}",
                fix="use it on markets of that timeframe, or fit another",
            )
    lengths = dict(zip((i.symbol for i in blueprint.instruments), blueprint.lengths_ns, strict=True))
    own = traded(strategy, blueprint.instruments)
    plans = {i.symbol: plan_of(strategy, wanted, i, lengths[i.symbol], groups_off) for i in own}
    for symbol, plan in plans.items():
        for source in plan.sources:
            if source.symbol and source.symbol not in plans:
                raise ConfigError(
                    f"a feature of {symbol} reads {source.symbol}, which is no market of this run",
                    fix=f"add it, or use other features; the markets are: {', '.join(plans)}",
                )
    return plans


def engines_of(blueprint: Blueprint, plans: Mapping[str, Mapping[str, Plan]]) -> Engines:
    """A fresh engine for every strategy and market. A strategy's know each other where one reads another's candles."""
    instruments = {i.symbol: i for i in blueprint.instruments}
    found: Engines = {}
    for name, own in plans.items():
        engines: dict[str, Engine] = {}
        others = engines if any(source.symbol for plan in own.values() for source in plan.sources) else None
        for symbol, plan in own.items():
            engines[symbol] = blueprint.make_engine(plan, instruments[symbol], others)
        found[name] = engines
    return found


def assemble(blueprint: Blueprint, state: State, engines: Engines) -> dict[str, dict[str, CandlePipeline]]:
    """The pipelines of all strategies and markets over a state."""
    limits = {strategy.name: strategy.limits for strategy in blueprint.strategies}
    risk = Risk(blueprint.risk.limits, limits)
    pipelines: dict[str, dict[str, CandlePipeline]] = {}
    for seat in blueprint.seats:
        name = seat.strategy.name
        desk = Desk(in_force(seat.strategy), seat.model_hash, risk)
        pipelines[name] = {}
        for symbol, position in state.books[name].positions.items():
            rule = seat.make_rule() if seat.make_rule else None
            engine = engines[name][symbol]
            pipelines[name][symbol] = CandlePipeline(
                desk, rule, inputs_of(seat, rule), state, state.markets[symbol], position, engine
            )
    return pipelines

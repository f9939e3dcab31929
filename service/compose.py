"""The composition root: the one place that names concrete adapters and joins them into a run."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kernel.blueprint import Blueprint, MakeEngine, Seat
from kernel.context import Observer
from kernel.kernel import Kernel
from kernel.levers import in_force
from kernel.messages import StreamOpened
from kernel.models.rotation import Rotation
from kernel.models.rule import PythonRule
from kernel.timeframe import parse_time, timeframe_ns
from service.code_hash import package_hash
from service.definition import RunDefinition, StrategyDefinition, run_id
from service.features import engines_for
from service.rules import load_rule
from service.runs import rule_dir, runs_dir
from venues.dataset import open_dataset
from venues.detail import CandleDetail
from venues.historical import HistoricalFeeder
from venues.simulated import SimulatedVenue

__all__ = ["Composed", "changed_code", "compose"]


@dataclass(frozen=True, slots=True)
class Composed:
    """A run, put together and not yet started."""

    kernel: Kernel
    venue: SimulatedVenue
    feeder: HistoricalFeeder
    opening: StreamOpened


def compose(
    definition: RunDefinition,
    data_dir: Path,
    *,
    observer: Observer | None = None,
    make_engine: MakeEngine | None = None,
) -> Composed:
    """Join what a definition names. Errors: NotFound for a dataset that is not here; those of `load_rule`.

    `make_engine` chooses how features are computed, else what suits the number of candles; the records are the same.
    """
    run = run_id(definition)
    home = runs_dir(data_dir) / run
    instruments = tuple(market.instrument for market in definition.markets)
    datasets = [open_dataset(data_dir, market.dataset) for market in definition.markets]
    details = {m.instrument.symbol: open_dataset(data_dir, m.detail) for m in definition.markets if m.detail}
    seats = tuple(_seat(home, place, defined) for place, defined in enumerate(definition.strategies))
    blueprint = Blueprint(
        seats=seats,
        instruments=instruments,
        lengths_ns=tuple(timeframe_ns(market.timeframe) for market in definition.markets),
        risk=definition.risk,
        make_engine=make_engine or engines_for("step", max(dataset.manifest.rows for dataset in datasets)),
    )
    return Composed(
        kernel=Kernel(blueprint, observer=observer),
        venue=SimulatedVenue(
            definition.venue,
            instruments,
            definition.account,
            seed=definition.seed,
            detail=CandleDetail(details, {i.symbol: i for i in instruments}) if details else None,
        ),
        feeder=HistoricalFeeder(
            datasets,
            first_ns=definition.window.first,
            before_ns=definition.window.before,
            instants=any(isinstance(strategy.model, Rotation) for strategy in blueprint.strategies),
        ),
        opening=StreamOpened(
            ts=min(parse_time(dataset.manifest.first) for dataset in datasets),
            after=0,
            definition=run,
            strategies=tuple(seat.strategy.name for seat in seats),
            account=definition.account,
            instruments=instruments,
        ),
    )


def _seat(home: Path, place: int, defined: StrategyDefinition) -> Seat:
    model = in_force(defined.strategy).model
    make_rule = None
    if isinstance(model, PythonRule):
        make_rule = load_rule(model, rule_dir(home, place), defined.rule_code)
    return Seat(defined.strategy, defined.model_hash, make_rule, defined.transform)


def changed_code(definition: RunDefinition) -> Sequence[str]:
    """The rooms whose code is no longer the one that the definition names."""
    named = {"kernel": definition.kernel_code, "venues": definition.venues_code}
    return [room for room, code in named.items() if package_hash(room) != code]

"""The composition root: the one place that names concrete adapters and joins them into a run."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kernel.blueprint import Blueprint, MakeEngine
from kernel.context import Observer
from kernel.kernel import Kernel
from kernel.levers import in_force
from kernel.messages import StreamOpened
from kernel.models.rule import PythonRule
from kernel.timeframe import parse_time, timeframe_ns
from service.code_hash import package_hash
from service.definition import RunDefinition, run_id
from service.features import engines_for
from service.rules import load_rule
from service.runs import runs_dir
from venues.dataset import open_dataset
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
    strategy, run = definition.strategy, run_id(definition)
    instruments = tuple(market.instrument for market in definition.markets)
    model = in_force(strategy).model
    make_rule = (
        load_rule(model, runs_dir(data_dir) / run, definition.rule_code) if isinstance(model, PythonRule) else None
    )
    datasets = [open_dataset(data_dir, market.dataset) for market in definition.markets]
    cash = {definition.currency: definition.cash}
    blueprint = Blueprint(
        strategy=strategy,
        model_hash=definition.model_hash,
        instruments=instruments,
        lengths_ns=tuple(timeframe_ns(market.timeframe) for market in definition.markets),
        make_rule=make_rule,
        transform=definition.transform,
        make_engine=make_engine or engines_for("step", max(dataset.manifest.rows for dataset in datasets)),
    )
    return Composed(
        kernel=Kernel(blueprint, observer=observer),
        venue=SimulatedVenue(definition.venue, instruments, cash),
        feeder=HistoricalFeeder(datasets, first_ns=definition.window.first, before_ns=definition.window.before),
        opening=StreamOpened(
            ts=min(parse_time(dataset.manifest.first) for dataset in datasets),
            after=0,
            definition=run,
            strategy=strategy.name,
            currency=definition.currency,
            cash=definition.cash,
            instruments=instruments,
        ),
    )


def changed_code(definition: RunDefinition) -> Sequence[str]:
    """The rooms whose code is no longer the one that the definition names."""
    named = {"kernel": definition.kernel_code, "venues": definition.venues_code}
    return [room for room, code in named.items() if package_hash(room) != code]

"""From a configuration to a finished execution: choose datasets, define the run, keep it, execute it, note its end."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from kernel.errors import ConfigError, NotFound, UsageError
from kernel.instrument import Instrument
from kernel.levers import in_force
from kernel.models.rule import PythonRule
from kernel.strategy import Strategy
from service.artifacts import load_transform
from service.backtest import backtest
from service.compose import Composed, compose
from service.config_types import Config, MarketConfig
from service.definition import RunDefinition, StrategyParts, Window, define, definition_bytes, run_id
from service.details import detail_datasets
from service.durable import replace_durably
from service.features import Mode, engines_for
from service.loop import run
from service.machine import describe_machine
from service.result import Result
from service.rules import read_rule
from service.runs import Execution, Home, Outcome, next_execution, rule_dir, runs_dir
from service.stores import open_store
from venues.dataset import Dataset, list_manifests, open_dataset
from venues.instruments import find_rules, instrument_for

__all__ = ["Prepared", "choose_datasets", "execute", "prepare"]

_DEFAULT_FEE_RATE = Decimal("0.001")  # where neither venue.fee_rate nor the rules of the symbol name one


@dataclass(frozen=True, slots=True)
class Prepared:
    """A run that is defined, kept on disk and put together. `notes` is what its user should know."""

    definition: RunDefinition
    composed: Composed
    mode: Mode
    notes: Sequence[str]


def choose_datasets(data_dir: Path, ids: Sequence[str], config: Config) -> Sequence[Dataset]:
    """The datasets named, else for each of the configuration's markets the one that is here.

    Errors: NotFound, or ConfigError where a market has several datasets or there is no market at all.
    """
    if ids:
        return [open_dataset(data_dir, name) for name in ids]
    if not config.markets:
        raise ConfigError("the configuration names no markets", fix="add [[markets]], or --dataset ID")
    return [_only_dataset(data_dir, market) for market in config.markets]


def _only_dataset(data_dir: Path, market: MarketConfig) -> Dataset:
    wanted = (market.venue, market.symbol, market.timeframe)
    found = [m for m in list_manifests(data_dir) if (m.venue, m.symbol, m.timeframe) == wanted]
    if not found:
        raise NotFound(
            f"there is no dataset of {' '.join(wanted)} in {data_dir}",
            fix=f"candled data import FILE... --venue {wanted[0]} --symbol {wanted[1]} --timeframe {wanted[2]}",
        )
    if len(found) > 1:
        ids = ", ".join(f"{m.dataset[:12]} (from {m.first})" for m in found)
        raise ConfigError(f"{' '.join(wanted)} has {len(found)} datasets here", fix=f"add --dataset, one of: {ids}")
    return open_dataset(data_dir, found[0].dataset)


def prepare(
    data_dir: Path,
    config: Config,
    datasets: Sequence[Dataset],
    *,
    window: Window,
    beside: Path,
    rules_file: Path | None = None,
    details: Sequence[Dataset] = (),
    mode: Mode = "step",
) -> Prepared:
    """Define the run, keep its definition and its rules' sources, and put it together.

    `beside` is the folder in which a user's own rule is looked for; `details` are finer candles of some of the markets.
    Errors: ConfigError, NotFound, RuleFailed; UsageError where no candle opens in the window.
    """
    _check_window(datasets, window)
    markets, notes = _instruments(data_dir, config, datasets, rules_file)
    parts = [_parts(data_dir, strategy, beside) for strategy in config.every_strategy]
    definition = define(config, markets, window=window, parts=parts, details=detail_datasets(datasets, details))
    home = runs_dir(data_dir) / run_id(definition)
    home.mkdir(parents=True, exist_ok=True)
    for place, part in enumerate(parts):
        if part.rule is not None:
            part.rule.keep(rule_dir(home, place))
    replace_durably(home / "definition.json", definition_bytes(definition))
    make_engine = engines_for(mode, max(dataset.manifest.rows for dataset in datasets))
    return Prepared(definition, compose(definition, data_dir, make_engine=make_engine), mode, notes)


def _parts(data_dir: Path, strategy: Strategy, beside: Path) -> StrategyParts:
    model = in_force(strategy).model
    rule = read_rule(model, beside) if isinstance(model, PythonRule) else None
    return StrategyParts(strategy, rule, load_transform(data_dir, strategy.transform) if strategy.transform else None)


def _check_window(datasets: Sequence[Dataset], window: Window) -> None:
    if not any(True for dataset in datasets for _ in dataset.blocks(first_ns=window.first, before_ns=window.before)):
        held = (f"{d.manifest.symbol} from {d.manifest.first} to {d.manifest.last}" for d in datasets)
        raise UsageError("no candle opens between --from and --to", fix=f"there are: {', '.join(held)}")


def _instruments(
    data_dir: Path, config: Config, datasets: Sequence[Dataset], rules_file: Path | None
) -> tuple[Sequence[tuple[Any, Instrument]], Sequence[str]]:
    """Each dataset's manifest with its trading rules, and a note for each whose rules had to be derived."""
    rules = find_rules(data_dir, rules_file)
    markets, notes = [], []
    for dataset in datasets:
        instrument, derived = instrument_for(dataset.manifest, rules, _DEFAULT_FEE_RATE)
        if config.venue.fee_rate is not None:
            instrument = msgspec.structs.replace(instrument, fee_rate=config.venue.fee_rate)
        if derived:
            notes.append(
                f"no trading rules for {instrument.symbol}: tick {instrument.tick} and lot {instrument.lot} are the "
                "finest decimals in its data, and there is no minimum notional"
            )
        markets.append((dataset.manifest, instrument))
    return markets, notes


def execute(
    data_dir: Path,
    prepared: Prepared,
    *,
    store: Home,
    database_url: str | None = None,
    progress: Callable[[int], Any] = lambda _: None,
) -> Result:
    """Execute a prepared run once, and record how it ended beside its log."""
    execution, result = run(_execute(prepared, data_dir, store, database_url, progress))
    outcome = Outcome(stream=result.stream, store=store, log_head=result.log_head, records=result.events)
    facts = {"mode": prepared.mode, "notes": list(prepared.notes), "result": msgspec.to_builtins(result)}
    execution.finish(outcome, **facts, machine=describe_machine())
    return result


async def _execute(
    prepared: Prepared, data_dir: Path, store: Home, database_url: str | None, progress: Callable[[int], Any]
) -> tuple[Execution, Result]:
    async with open_store(store, data_dir, database_url) as home:
        execution = next_execution(data_dir, run_id(prepared.definition), streams=await home.streams())
        return execution, await backtest(execution, prepared.composed, home, mode=prepared.mode, progress=progress)

"""`candled backtest|replay|explain`: run a strategy over recorded candles, execute it again, ask it why."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import Parameter
from rich.markup import escape

from kernel.errors import CheckFailed
from kernel.timeframe import parse_time
from service.cli.options import Common, answer, progress, warn
from service.cli.run_tables import show_backtest, show_explanation, show_replay
from service.compose import changed_code, compose
from service.config import load_config
from service.definition import RunDefinition, Window, read_definition
from service.explain import Explanation, candle_at, candle_in_log, choose, explain_log
from service.explain import explain as explained
from service.features import Mode
from service.launch import choose_datasets, execute, prepare
from service.loop import run as run_loop
from service.replay import Replayed, read_log, replay_log
from service.runs import Execution, Home, resolve
from service.stores import home_of, open_store
from venues.dataset import open_dataset

__all__ = ["backtest", "explain", "replay"]

_DEFAULTS = Common()

Run = Annotated[
    str,
    Parameter(help="A run id, or 6 characters of its beginning; RUN/n for its n-th execution; a daemon's stream."),
]
Datasets = Annotated[
    tuple[str, ...],
    Parameter(
        help="Run on this dataset; repeatable. Replaces the markets of the file.", negative="", show_default=False
    ),
]
From = Annotated[
    str | None, Parameter(name="--from", help="Decide on candles that open from this time on; earlier ones warm up.")
]
To = Annotated[str | None, Parameter(help="Decide on candles that open before this time.")]
Instruments = Annotated[
    Path | None, Parameter(help="Trading rules by symbol; else DATA_DIR/instruments.toml, where there is one.")
]
Overrides = Annotated[
    tuple[str, ...],
    Parameter(
        name="--set",
        help="Override a key: --set venue.fill=next_open. Repeatable.",
        negative="",
        show_default=False,
    ),
]


def backtest(
    strategy: Annotated[Path, Parameter(help="The strategy file, as in examples/.")],
    /,
    *,
    dataset: Datasets = (),
    from_: From = None,
    to: To = None,
    detail: Annotated[
        tuple[str, ...],
        Parameter(
            help="Fill orders on the finer candles of this dataset of the same market; repeatable.",
            negative="",
            show_default=False,
        ),
    ] = (),
    set_: Overrides = (),
    store: Annotated[Home, Parameter(help="Where the log is kept.")] = "file",
    mode: Annotated[
        Mode, Parameter(help="block: candles on which nothing can happen are skipped at once; step: one by one.")
    ] = "block",
    instruments: Instruments = None,
    common: Common = _DEFAULTS,
) -> None:
    """Run a strategy over recorded candles, and log every transition.

    The run's id is the hash of all that can change a decision; running the same again executes it again, and must end
    with the same log head.

        candled backtest examples/ema_cross.toml --dataset 9f45883e

        candled backtest examples/ema_cross.toml --dataset 9f45883e --from 2022-06-01 --to 2022-07-01
    """
    config = load_config(strategy, overrides=set_, environ=os.environ)
    window = Window(parse_time(from_) if from_ else None, parse_time(to) if to else None)
    datasets = choose_datasets(common.data_dir, dataset, config)
    prepared = prepare(
        common.data_dir,
        config,
        datasets,
        window=window,
        beside=strategy.parent,
        rules_file=instruments,
        details=[open_dataset(common.data_dir, name) for name in detail],
        mode=mode,
    )
    for note in prepared.notes:
        warn(escape(note))
    url = common.database_url or config.database.url or None
    with progress("backtesting", prepared.composed.feeder.rows, "candles") as advance:
        result = execute(common.data_dir, prepared, store=store, database_url=url, progress=advance)
    answer(common, msgspec.to_builtins(result), lambda out: show_backtest(out, result, prepared.definition, common))


def replay(
    run: Run,
    /,
    *,
    verify: Annotated[
        bool, Parameter(negative="", help="Exit code 1 when any record comes out different.", show_default=False)
    ] = False,
    common: Common = _DEFAULTS,
) -> None:
    """Execute a recorded run again from its log and its datasets, and compare every record.

    A run that crashed is replayed as far as its log goes.

    Example: `candled replay 3fa9c2d1 --verify`
    """
    execution = resolve(common.data_dir, run)
    definition = read_definition(execution.definition, execution.run)
    if rooms := changed_code(definition):
        warn(f"the code of {' and '.join(rooms)} is not the code that ran; a difference may come from there")
    end = execution.known_end()
    with progress("replaying", end.seq if end else None, "records") as advance:
        outcome = run_loop(_replayed(execution, definition, common, advance))
    equal = outcome.first_divergence is None
    result = {
        "run": execution.run,
        "events": outcome.events,
        "equal": equal,
        "first_divergence": msgspec.to_builtins(outcome.first_divergence),
    }
    answer(common, result, lambda out: show_replay(out, execution, outcome))
    if verify and not equal:
        raise CheckFailed(f"the replay differs from record {outcome.events + 1} on")


def explain(
    run: Run,
    /,
    *,
    at: Annotated[str, Parameter(help="A time: the candle that opens then, or last before.")],
    symbol: Annotated[str | None, Parameter(help="Which market, where the run has several.")] = None,
    strategy: Annotated[str | None, Parameter(help="Which strategy, where the run has several.")] = None,
    common: Common = _DEFAULTS,
) -> None:
    """Why did it (not) trade at a time? Shows the candle, what every step of the pipeline made of it, and the orders.

    Example: `candled explain 3fa9c2d1 --at 2022-06-13T14:00Z`
    """
    execution = resolve(common.data_dir, run)
    definition = read_definition(execution.definition, execution.run)
    own, chosen = choose(definition, strategy, symbol)
    explanation = run_loop(_explained(execution, definition, common, own, chosen, parse_time(at)))
    answer(common, msgspec.to_builtins(explanation), lambda out: show_explanation(out, explanation))


async def _replayed(
    execution: Execution, definition: RunDefinition, common: Common, advance: Callable[[int], None]
) -> Replayed:
    noted, composed = execution.outcome(), compose(definition, common.data_dir)
    async with open_store(home_of(execution), common.data_dir, common.database_url or None) as store:
        return await replay_log(
            composed,
            store,
            execution.stream,
            advance,
            keeps_market=execution.keeps_market,
            ended=noted.head if noted is not None else None,
        )


async def _explained(
    execution: Execution, definition: RunDefinition, common: Common, strategy: str, symbol: str, at: int
) -> Explanation:
    stream, composed = execution.stream, compose(definition, common.data_dir)
    async with open_store(home_of(execution), common.data_dir, common.database_url or None) as store:
        if execution.keeps_market:
            opened = await candle_in_log(store, stream, symbol, at)
            return await explain_log(
                composed, definition, store, stream, strategy=strategy, symbol=symbol, opened=opened
            )
        market = next(market for market in definition.markets if market.instrument.symbol == symbol)
        opened = candle_at(open_dataset(common.data_dir, market.dataset), at)
        recorded = await read_log(store, stream)
        return explained(composed, definition, recorded, strategy=strategy, symbol=symbol, opened=opened)

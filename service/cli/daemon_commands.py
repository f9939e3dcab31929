"""`candled run`: the long-running daemon on a recorded market, played as if it were live."""

import os
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import Parameter
from rich.markup import escape

from kernel.timeframe import parse_time
from service.cli.options import Common, answer, progress, warn
from service.cli.run_commands import Datasets, From, Instruments, Overrides, To
from service.cli.run_tables import show_backtest
from service.config import load_config
from service.daemon.clock import parse_speed
from service.daemon.plan import Asked, Plan, make_plan
from service.definition import Window
from service.logs.secrets import Secrets
from service.logs.setup import logging_to
from service.loop import run as run_loop
from service.result import Result
from service.serve import serve

__all__ = ["run"]

_DEFAULTS = Common()


def _unseen(_count: int) -> None:
    pass


def run(
    config: Annotated[Path, Parameter(help="The configuration file, as examples/paper.toml.")],
    /,
    *,
    dataset: Datasets = (),
    from_: From = None,
    to: To = None,
    stream: Annotated[
        str | None, Parameter(help="The log's stream: continued where it exists. Else the file names it.")
    ] = None,
    speed: Annotated[
        str | None, Parameter(help="Market seconds that pass in a second, or max. Else the file says it.")
    ] = None,
    exit_at_end: Annotated[
        bool, Parameter(negative="", help="End when the market does, and say what it came to.", show_default=False)
    ] = False,
    set_: Overrides = (),
    instruments: Instruments = None,
    common: Common = _DEFAULTS,
) -> None:
    """Run the daemon: a recorded market played as if it were live, everything else real.

    What it decides is what a backtest of the same data decides, whatever the speed and however often it is killed and
    started again. SIGTERM ends it cleanly; `candled status` looks at it from another terminal.

        candled run examples/paper.toml --speed 60

        candled run examples/paper.toml --dataset 9f45883e --speed max --exit-at-end --json
    """
    settings = load_config(config, overrides=set_, environ=os.environ)
    asked = Asked(
        stream=stream or settings.daemon.stream or config.stem,
        datasets=dataset,
        window=Window(parse_time(from_) if from_ else None, parse_time(to) if to else None),
        beside=config.parent,
        rules_file=instruments,
        speed=parse_speed(speed or settings.daemon.speed),
        exit_at_end=exit_at_end,
    )
    plan = make_plan(common.data_dir, settings, asked)
    for note in plan.prepared.notes:
        warn(escape(note))
    result = _served(plan, common.database_url or settings.database.url or None)
    if result is not None:
        answer(common, msgspec.to_builtins(result), lambda out: show_backtest(out, result, plan.definition, common))


def _served(plan: Plan, url: str | None) -> Result | None:
    """Run it. Who waits at a terminal for the market's end sees how far it is; else the log says what happens."""
    secrets, watched = Secrets(), plan.exit_at_end and sys.stderr.isatty()
    if url:
        secrets.add_url(url)
    said = logging_to(
        sys.stderr, level="warning" if watched else "info", secrets=secrets, fields={"stream": plan.stream}
    )
    rows = plan.prepared.composed.feeder.rows
    with said as pump, progress("running", rows, "candles") if watched else nullcontext(_unseen) as seen:
        running = serve(plan, os.environ, database_url=url, secrets=secrets, unread=lambda: pump.dropped, progress=seen)
        return run_loop(running)

"""`candled report`: what a run did, as a summary, a page, tables or JSON."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
from cyclopts import Parameter
from rich.console import Console
from rich.markup import escape

from kernel.errors import NotFound, UsageError
from kernel.money import pinned
from kernel.timeframe import timeframe_ns
from research.feature_commands import write_whole
from service import loop
from service.cli.options import Common, answer, progress
from service.definition import read_definition
from service.runs import Execution, resolve
from service.stores import home_of, open_store
from venues.dataset import open_dataset

if TYPE_CHECKING:
    from research.report.market import Candles
    from research.report.measure import Run
    from research.report.reading import Reading

__all__ = ["report"]

_DEFAULTS = Common()


def report(
    run: Annotated[
        str,
        Parameter(help="A run id, or 6 characters of its beginning; RUN/n for its n-th execution; a daemon's stream."),
    ],
    /,
    *,
    html: Annotated[Path | None, Parameter(help="Write a page to this file; it needs no network.")] = None,
    csv: Annotated[Path | None, Parameter(help="Write a file for each table into this folder.")] = None,
    common: Common = _DEFAULTS,
) -> None:
    """What a run did: where its profit came from, to the last digit, and what about it is too good to be true.

    Everything is folded from the run's log; candles, where they are here, add prices. docs/reports.md says what each
    figure means.

        candled report 3fa9c2d1

        candled report 3fa9c2d1 --html report.html --csv tables
    """
    from research.report.csv_tables import csv_tables
    from research.report.figures import published
    from research.report.measure import measure
    from research.report.page import page
    from research.report.summary import show_report

    execution = resolve(common.data_dir, run)
    about = _about(execution, common)
    measured = measure(about, _read(execution, about, common))
    result = published(measured.figures)
    written: dict[Path, bytes] = {}
    if html is not None:
        written[html] = page(measured)
    if csv is not None:
        _make_folder(csv)
        written |= {csv / name: content for name, content in csv_tables(result).items()}
    for path, content in written.items():
        write_whole(path, content)

    def show(out: Console) -> None:
        show_report(out, measured.figures)
        for place in (html, csv):
            if place is not None:
                out.print(f"[dim]written[/] {escape(str(place))}", highlight=False, soft_wrap=True)

    answer(common, result, show)


def _about(execution: Execution, common: Common) -> "Run":
    """What the run's definition says, and which of its candles are here."""
    from research.report.market import LogCandles, Market
    from research.report.measure import Run

    definition = read_definition(execution.definition, execution.run)
    markets = {}
    for market in definition.markets:
        instrument, length_ns = market.instrument, timeframe_ns(market.timeframe)
        candles = (
            LogCandles(length_ns, instrument.price_decimals, instrument.volume_decimals)
            if execution.keeps_market
            else _of_dataset(common.data_dir, market.dataset)
        )
        markets[instrument.symbol] = Market(length_ns, candles)
    with pinned():
        told = msgspec.to_builtins(definition)
    window = definition.window
    return Run(execution.run, execution.stream, markets, window.first, window.before, told)


def _of_dataset(data_dir: Path, name: str) -> "Candles | None":
    from research.report.market import DatasetCandles

    try:
        return DatasetCandles(open_dataset(data_dir, name))
    except NotFound:
        return None


def _read(execution: Execution, about: "Run", common: Common) -> "Reading":
    """Fold the log, frame by frame, wherever it is kept; its candles first. Errors: NotFound for an empty one."""
    from research.report.market import LogCandles, gather
    from research.report.reading import Reading

    reading = Reading(about.markets, first_ns=about.first_ns, before_ns=about.before_ns)
    held = {symbol: m.candles for symbol, m in about.markets.items() if isinstance(m.candles, LogCandles)}
    end = execution.known_end()

    async def fold() -> None:
        async with open_store(home_of(execution), common.data_dir, common.database_url or None) as store:
            last = await gather(store.records(execution.stream), held) if held else None
            with progress("reading", last or (end.seq if end else None), "records") as advance:
                async for batch in store.records(execution.stream):
                    for record in batch:
                        if last is None or record.seq <= last:
                            reading.take(record)
                    advance(len(batch))
        reading.finish()

    loop.run(fold())
    if reading.records == 0:
        what = f"the log of {execution.stream} is empty"
        raise NotFound(what, fix="the run did not get to its first record; run it again")
    return reading


def _make_folder(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{path} cannot be made a folder: {error.strerror}", fix="name another one") from error

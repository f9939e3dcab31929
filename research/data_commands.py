"""`candled data import|list|show|verify`: datasets for a person at a terminal, or as JSON for a program."""

from pathlib import Path
from typing import Annotated, Any

import msgspec
from cyclopts import Parameter
from rich.markup import escape

from kernel.errors import CandledError, CheckFailed, UsageError
from research.data_tables import SHORT, first_rows, show_dataset, show_import, show_list
from research.importing.attachments import verify_attachment
from research.importing.candles import Market
from research.importing.formats import FORMATS
from research.importing.importer import Imported, import_candles
from research.importing.survey import manifest_differences
from service.cli.options import Common, answer, progress, warn
from venues.dataset import Dataset, list_manifests, open_dataset

__all__ = ["import_files", "list_datasets", "show", "verify"]

_DEFAULTS = Common()

DatasetId = Annotated[str, Parameter(help="The id, or at least 6 characters of its beginning.")]


def import_files(
    *files: Annotated[Path, Parameter(help="CSV, Parquet, Feather or JSON; plain, gzipped or zipped.")],
    venue: Annotated[str, Parameter(help="Where the market is: binance, kraken, ...")],
    symbol: Annotated[str, Parameter(help="Base and quote asset: BTC/USDT.")],
    timeframe: Annotated[str, Parameter(help="The length of a candle: 1m, 5m, 1h, 1d, ...")],
    format: Annotated[str | None, Parameter(help="How to read the files, where the content is not to decide.")] = None,  # noqa: A002 - the option's name
    common: Common = _DEFAULTS,
) -> None:
    """Check market data files and make them one immutable dataset.

    Give as many files as you like, in any order: pieces that overlap are merged, and every hole, duplicate and halt is
    reported. A file with a fault is refused with its row and the reason, and nothing is imported. The same candles get
    the same id, whatever format they came in.

        candled data import BTCUSDT-1m-2023-*.zip --venue binance --symbol BTC/USDT --timeframe 1m

        candled data import XBTUSD_1.csv --venue kraken --symbol BTC/USD --timeframe 1m
    """
    _check(files, format)
    total = sum(path.stat().st_size for path in files if path.is_file())
    with progress("importing", total, "bytes") as advance:
        market = Market(venue, symbol, timeframe)
        imported = import_candles(common.data_dir, files, market, format_name=format, advance=advance)
    for note in imported.notes:
        warn(escape(note))
    answer(common, _result(imported), lambda out: show_import(out, imported, common))


def list_datasets(*, common: Common = _DEFAULTS) -> None:
    """The datasets that are here.

    Example: `candled data list`
    """
    manifests = list_manifests(common.data_dir)
    answer(common, {"datasets": manifests}, lambda out: show_list(out, manifests, common.data_dir))


def show(
    dataset: DatasetId,
    *,
    rows: Annotated[int, Parameter(help="How many of the first candles.")] = 5,
    common: Common = _DEFAULTS,
) -> None:
    """One dataset: what it holds, where it came from, its first candles.

    Example: `candled data show 9f45883e`
    """
    opened = open_dataset(common.data_dir, dataset)
    first = first_rows(opened, rows)
    result = {**msgspec.to_builtins(opened.manifest), "candles": first}
    answer(common, result, lambda out: show_dataset(out, opened.manifest, first))


def verify(dataset: DatasetId, *, common: Common = _DEFAULTS) -> None:
    """Hash every candle again and compare with the id; count again what the manifest says. Exit code 1 on a difference.

    Example: `candled data verify 9f45883e`
    """
    opened = open_dataset(common.data_dir, dataset)
    identity, rows = opened.manifest.dataset, opened.manifest.rows
    differs = _differences(opened, common.data_dir)
    if common.json or not differs:
        result = {"dataset": identity, "ok": not differs, "rows": rows, "differs": differs}
        answer(
            common, result, lambda out: out.print(f"[green]ok[/] {rows:,} candles hash to {identity}", soft_wrap=True)
        )
    if differs:
        what = f"dataset {identity[:SHORT]} is not what it was: {'; '.join(differs)}"
        raise CheckFailed(what, fix="remove the dataset's directory and import the files again")


def _check(files: tuple[Path, ...], format_name: str | None) -> None:
    if not files:
        raise UsageError(
            "no file was given", fix="candled data import FILE... --venue binance --symbol BTC/USDT --timeframe 1m"
        )
    if format_name is not None and format_name not in FORMATS:
        raise UsageError(
            f"unknown format {format_name!r}", fix=f"use one of: {', '.join(FORMATS)}; or leave --format out"
        )


def _differences(opened: Dataset, data_dir: Path) -> list[str]:
    found: list[str] = []
    try:
        opened.verify()
        found += manifest_differences(opened.manifest, list(opened.blocks()))
    except CandledError as error:
        found.append(str(error))
    for attachment in opened.manifest.attachments:
        try:
            verify_attachment(data_dir, attachment)
        except CandledError as error:
            found.append(str(error))
    return found


def _result(imported: Imported) -> dict[str, Any]:
    manifest = imported.manifest
    first = ("dataset", "venue", "symbol", "timeframe", "rows", "first", "last", "gaps", "missing", "duplicates")
    every = msgspec.to_builtins(manifest)
    ordered = {name: every.pop(name) for name in first}
    return {**ordered, "duplicates": imported.duplicates, **every, "new": imported.is_new, "notes": imported.notes}

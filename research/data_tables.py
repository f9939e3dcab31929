"""How datasets look on a terminal."""

from pathlib import Path

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from kernel.money import canonical_text, from_units
from kernel.timeframe import iso
from research.importing.importer import Imported
from service.cli.options import Common
from venues.dataset import CandleBlock, Dataset, DatasetManifest

__all__ = ["SHORT", "first_rows", "show_dataset", "show_import", "show_list"]

SHORT = 12  # characters of an id that people see and type
_SOURCES_SHOWN = 5


def first_rows(opened: Dataset, count: int) -> list[dict[str, str]]:
    """The first candles, as exact texts."""
    block = next(opened.blocks(), None)
    return (
        [] if block is None else [_row(block, row, opened.manifest) for row in range(min(count, len(block.open_time)))]
    )


def _row(block: CandleBlock, row: int, manifest: DatasetManifest) -> dict[str, str]:
    decimals = dict.fromkeys(("open", "high", "low", "close"), manifest.price_decimals)
    decimals["volume"] = manifest.volume_decimals
    numbers = {name: canonical_text(from_units(int(getattr(block, name)[row]), d)) for name, d in decimals.items()}
    return {"open_time": iso(int(block.open_time[row])), **numbers}


def show_import(out: Console, imported: Imported, common: Common) -> None:
    """What an import found, and what to do next."""
    manifest = imported.manifest
    out.print(_facts(manifest, f"{manifest.symbol} {manifest.timeframe} from {manifest.venue}"))
    found = "[green]imported[/] as" if imported.is_new else "these candles [yellow]were here already[/]:"
    command = common.command(f"backtest examples/ema_cross.toml --dataset {manifest.dataset[:SHORT]}")
    out.print(f"{found} dataset [bold]{manifest.dataset}[/]", highlight=False, soft_wrap=True)
    out.print(f"[bold]next:[/] {escape(command)}", highlight=False, soft_wrap=True)


def show_list(out: Console, manifests: list[DatasetManifest], data_dir: Path) -> None:
    """A dataset a line."""
    if not manifests:
        where = escape(str(data_dir))
        out.print(f"no datasets in {where} yet; import one: candled data import FILE... (see its --help)")
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("dataset", "market"):
        table.add_column(heading, no_wrap=True)
    for heading in ("candles", "from", "to", "gaps"):
        table.add_column(heading, justify="right", no_wrap=True)
    for m in manifests:
        market = f"{m.venue} {m.symbol} {m.timeframe}"
        table.add_row(m.dataset[:SHORT], market, f"{m.rows:,}", m.first[:10], m.last[:10], f"{m.gaps:,}")
    out.print(table)


def show_dataset(out: Console, manifest: DatasetManifest, rows: list[dict[str, str]]) -> None:
    """Everything a manifest says, and some candles."""
    out.print(f"[bold]dataset {manifest.dataset}[/]", highlight=False, soft_wrap=True)
    out.print(_facts(manifest, f"{manifest.symbol} {manifest.timeframe} from {manifest.venue}"))
    table = Table(box=box.SIMPLE_HEAD)
    for name in ("open_time", "open", "high", "low", "close", "volume"):
        table.add_column(name, justify="right")
    for row in rows:
        table.add_row(*row.values())
    out.print(table)


def _facts(manifest: DatasetManifest, title: str) -> Table:
    """A manifest as people read it; what it has nothing to say about is left out."""
    gap, flat = manifest.longest_gap, f"{manifest.flat_stretches:,}, the longest of {manifest.longest_flat:,} candles"
    facts = {
        "candles": f"{manifest.rows:,}",
        "first": manifest.first,
        "last": manifest.last + {"finished": "", "unfinished": ", unfinished", "unknown": ""}[manifest.last_candle],
        "gaps": f"{manifest.gaps:,}, {manifest.missing:,} candles missing" if gap else "none",
        "longest gap": f"{gap.missing:,} candles, after {gap.after}" if gap else "",
        "duplicates": f"{manifest.duplicates:,} identical rows dropped" if manifest.duplicates else "none",
        "zero volume": f"{manifest.zero_volume:,} candles",
        "flat stretches": flat if manifest.flat_stretches else "none",
        "decimals": f"price {manifest.price_decimals}, volume {manifest.volume_decimals}",
        "sources": _sources(manifest),
        "attachments": ", ".join(identity[:SHORT] for identity in manifest.attachments),
        "columns left out": ", ".join(manifest.left_out),
    }
    table = Table(box=None, show_header=False, title=escape(title), title_justify="left", title_style="bold")
    for name, text in facts.items():
        if text:
            table.add_row(f"[dim]{name}[/]", escape(text))
    return table


def _sources(manifest: DatasetManifest) -> str:
    lines = [f"{source.file} ({source.format}, {source.rows:,} rows)" for source in manifest.sources[:_SOURCES_SHOWN]]
    more = len(manifest.sources) - len(lines)
    return "\n".join([*lines, f"and {more:,} more files"] if more else lines)

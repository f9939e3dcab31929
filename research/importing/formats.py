"""The formats that can be imported. To add one: a reader in a file of its own, and a line in FORMATS."""

from collections.abc import Callable

from kernel.errors import DataRefused
from research.importing.columnar import read_feather, read_parquet
from research.importing.delimited import (
    BINANCE_COLUMNS,
    KRAKEN_COLUMNS,
    fields_of,
    has_header,
    read_binance,
    read_csv,
    read_kraken,
    require_text,
)
from research.importing.json_rows import read_json
from research.importing.source import SourceFile
from research.importing.table import RawTable

__all__ = ["FORMATS", "read_table", "sniffed"]

FORMATS: dict[str, Callable[[bytes, str], RawTable]] = {
    "binance": read_binance,
    "csv": read_csv,
    "feather": read_feather,
    "json": read_json,
    "kraken": read_kraken,
    "parquet": read_parquet,
}


def read_table(source: SourceFile, format_name: str | None) -> tuple[str, RawTable]:
    """The columns of a file, read as `format_name` or as what it looks like, and the format's name."""
    name = format_name or sniffed(source.content, str(source.path))
    return name, FORMATS[name](source.content, str(source.path))


def sniffed(content: bytes, file: str) -> str:
    """The format that the content looks like. Errors: DataRefused when it looks like none."""
    if content.startswith(b"PAR1"):
        return "parquet"
    if content.startswith(b"ARROW1"):
        return "feather"
    if content.lstrip()[:1] in {b"[", b"{"}:
        return "json"
    require_text(content, file)
    if has_header(content):
        return "csv"
    width = len(fields_of(content))
    by_width = {len(BINANCE_COLUMNS): "binance", len(KRAKEN_COLUMNS): "kraken"}
    if width in by_width:
        return by_width[width]
    known = f"{len(BINANCE_COLUMNS)} (binance) or {len(KRAKEN_COLUMNS)} (kraken)"
    what = f"{file}, row 1: {width} columns and no header; without a header there must be {known}"
    raise DataRefused(what, fix="add a first line such as: timestamp,open,high,low,close,volume")

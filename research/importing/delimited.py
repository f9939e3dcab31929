"""Readers of delimited text. Every field stays text; a row with another number of fields is refused by its number."""

import io
import re
from typing import Literal

import pyarrow as pa
import pyarrow.csv as pc

from kernel.errors import DataRefused
from research.importing.origin import Origin
from research.importing.table import RawTable
from venues.columns import ArrowArray

__all__ = [
    "BINANCE_COLUMNS",
    "KRAKEN_COLUMNS",
    "fields_of",
    "has_header",
    "read_binance",
    "read_csv",
    "read_kraken",
    "require_text",
]

# Binance's public collection, spot and futures, as its own header names them where there is one (2025).
BINANCE_COLUMNS = (
    "open_time", "open", "high", "low", "close", "volume", "close_time", "quote_volume", "count", "taker_buy_volume",
    "taker_buy_quote_volume", "ignore",
)  # fmt: skip
# Kraken's downloadable OHLCVT history.
KRAKEN_COLUMNS = ("time", "open", "high", "low", "close", "volume", "trades")

_NUMBER = re.compile(r"[+-]?[0-9.]+([eE][+-]?[0-9]+)?")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def read_binance(content: bytes, file: str) -> RawTable:
    """An exchange vendor's 12 columns, with or without a header."""
    return _read(content, file, names=BINANCE_COLUMNS)


def read_kraken(content: bytes, file: str) -> RawTable:
    """Kraken's 7 columns, without a header."""
    return _read(content, file, names=KRAKEN_COLUMNS)


def read_csv(content: bytes, file: str) -> RawTable:
    """Any delimited text whose first line names its columns."""
    if not has_header(content):
        what = f"{file} is a CSV file of {len(fields_of(content))} columns without a header"
        raise DataRefused(what, fix="add a first line such as: timestamp,open,high,low,close,volume")
    if len(fields_of(content)) == 1:
        what = f"{file}, line 1: {fields_of(content)[0][:60]!r} is no header of a CSV file of candles"
        raise DataRefused(what, fix="remove what stands above the header")
    return _read(content, file, names=None)


def require_text(content: bytes, file: str) -> None:
    """Errors: DataRefused naming the line where the content is not UTF-8 text, or holds a zero byte."""
    at = content.find(b"\0")
    if at < 0:
        try:
            content.decode("utf-8")
        except UnicodeDecodeError as error:
            at = error.start
    if at >= 0:
        line = content.count(b"\n", 0, at) + 1
        raise DataRefused(f"{file}, line {line}: binary data where text should be", fix="check the file and --format")


def fields_of(content: bytes) -> list[str]:
    """The fields of the first line, without quotes and blanks around them."""
    line = _first_line(content)
    return [field.strip().strip('"').strip() for field in line.split(_delimiter(line))]


def has_header(content: bytes) -> bool:
    """Whether the first line names columns: no field of it is a number."""
    return not any(_NUMBER.fullmatch(field) for field in fields_of(content))


def _first_line(content: bytes) -> str:
    end = content.find(b"\n")
    return content[: end if end >= 0 else None].removeprefix(_BYTE_ORDER_MARK).decode("utf-8", errors="replace")


def _delimiter(line: str) -> str:
    return max(",;\t", key=line.count)


def _read(content: bytes, file: str, *, names: tuple[str, ...] | None) -> RawTable:
    require_text(content, file)
    text = content.removeprefix(_BYTE_ORDER_MARK).rstrip(b"\r\n ") + b"\n"
    lines_before = int(has_header(text))
    first = fields_of(text)
    expected = len(names or first)
    if lines_before and text.count(b"\n") == 1:
        raise DataRefused(f"{file} holds a header and no candle")
    _refuse_width(file, lines_before, expected, len(first), line=1)
    columns = _parsed(text, file, lines_before=lines_before, width=expected)
    return RawTable(Origin(file, lines_before), names or first, columns)


def _parsed(text: bytes, file: str, *, lines_before: int, width: int) -> list[ArrowArray]:
    odd: list[pc.InvalidRow] = []

    def skip(row: pc.InvalidRow) -> Literal["skip"]:
        odd.append(row)
        return "skip"

    delimiter = _delimiter(_first_line(text))
    try:
        table = pc.read_csv(
            io.BytesIO(text),
            # One thread, because only then does an odd row know its number.
            pc.ReadOptions(use_threads=False, autogenerate_column_names=True, skip_rows=lines_before),
            pc.ParseOptions(delimiter=delimiter, ignore_empty_lines=False, invalid_row_handler=skip),
            pc.ConvertOptions(column_types={f"f{i}": pa.string() for i in range(width)}),
        )
    except pa.ArrowInvalid as error:
        raise DataRefused(f"{file} is not a CSV file that can be read: {error}") from error
    if odd:
        _refuse_width(file, lines_before, width, odd[0].actual_columns, line=odd[0].number or 1)
    _refuse_width(file, lines_before, width, table.num_columns, line=1 + lines_before)
    return [column.combine_chunks() for column in table.columns]


def _refuse_width(file: str, lines_before: int, expected: int, found: int, *, line: int) -> None:
    if found == expected:
        return
    reason = f"{found} {'column' if found == 1 else 'columns'} instead of {expected}"
    if line <= lines_before:
        raise DataRefused(f"{file}, line {line} (header): {reason}", fix="check --format")
    raise Origin(file, lines_before).refused(line - 1 - lines_before, reason, fix="repair or remove the row")

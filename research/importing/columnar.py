"""Readers of Arrow's own files: Parquet, and Feather as freqtrade writes it."""

import pyarrow as pa
import pyarrow.parquet as pq

from kernel.errors import DataRefused
from research.importing.origin import Origin
from research.importing.table import RawTable
from venues.columns import ArrowArray

__all__ = ["read_feather", "read_parquet"]


def read_parquet(content: bytes, file: str) -> RawTable:
    """A Parquet file, by the names of its columns. Its decimals, integers and text are taken exactly."""
    try:
        with pq.ParquetFile(pa.BufferReader(content), page_checksum_verification=True) as parquet:
            return _raw(parquet.read(), file)
    except _DAMAGED as error:
        raise DataRefused(f"{file} is cut short or no Parquet file: {error}", fix=_AGAIN) from error


def read_feather(content: bytes, file: str) -> RawTable:
    """A Feather (version 2) file, by the names of its columns."""
    try:
        with pa.ipc.open_file(pa.BufferReader(content)) as feather:
            return _raw(feather.read_all(), file)
    except _DAMAGED as error:
        raise DataRefused(f"{file} is cut short or no Feather file: {error}", fix=_AGAIN) from error


_DAMAGED = (pa.ArrowException, OSError, UnicodeDecodeError)  # the last for the name of a column
_AGAIN = "download or write the file again"


def _raw(table: pa.Table, file: str) -> RawTable:
    if table.num_rows == 0:
        raise DataRefused(f"{file} is empty: it holds no candle")
    return RawTable(Origin(file), table.column_names, [_plain(column.combine_chunks()) for column in table.columns])


def _plain(column: ArrowArray) -> ArrowArray:
    """Dictionaries and the other shapes of text become plain text; everything else stays."""
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    is_text = pa.types.is_large_string(kind) or pa.types.is_string_view(kind) or pa.types.is_string(kind)
    target = pa.string() if is_text else kind
    return column if column.type == target else column.cast(target)

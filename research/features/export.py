"""Feature columns as a Parquet file: `open_time` (ns, UTC), then one float64 column a feature, NaN for no value."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from kernel.errors import UsageError
from research.features.sources import Column, Moments

__all__ = ["write_features"]

_ROW_GROUP = 65_536


def write_features(
    path: Path,
    open_time: Moments,
    columns: Mapping[str, Column],
    about: Mapping[str, str],
    advance: Callable[[int], None] = lambda _rows: None,
) -> None:
    """Write the file, whole or not at all; `about` stands in its metadata. Errors: UsageError when that fails."""
    moment = pa.timestamp("ns", tz="UTC")
    kinds: dict[str, pa.DataType] = {"open_time": moment, **dict.fromkeys(columns, pa.float64())}
    schema = pa.schema(kinds).with_metadata({name.encode(): text.encode() for name, text in about.items()})
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with pq.ParquetWriter(draft, schema, use_dictionary=False) as file:
            for start in range(0, len(open_time), _ROW_GROUP):
                rows = slice(start, start + _ROW_GROUP)
                times = pa.array(open_time[rows])
                arrays = [times.cast(moment), *(pa.array(column[rows]) for column in columns.values())]
                file.write_table(pa.table(arrays, schema=schema))
                advance(len(times))
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise UsageError(f"{path} cannot be written: {error.strerror or error}") from error

"""Reader of JSON lists of candles; numbers keep every digit.

A candle is [open time, open, high, low, close, volume], as freqtrade stores it and ccxt gives it, or Binance's own
answer with its 12 columns.
"""

import json
from typing import Any

import pyarrow as pa

from kernel.errors import DataRefused
from research.importing.delimited import BINANCE_COLUMNS
from research.importing.origin import Origin
from research.importing.table import RawTable
from venues.columns import ArrowArray

__all__ = ["read_json"]

_LAYOUTS = {6: BINANCE_COLUMNS[:6], 12: BINANCE_COLUMNS}


def read_json(content: bytes, file: str) -> RawTable:
    """A JSON list of candles, each a list of six numbers."""
    try:
        rows = json.loads(content, parse_float=str, parse_int=str, parse_constant=str)
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise DataRefused(f"{file} is cut short or no JSON: {error}", fix="write the file again") from error
    origin = Origin(file)
    if not isinstance(rows, list) or not rows:
        raise DataRefused(
            f"{file} is not a list of candles", fix="expected [[open time, open, high, low, close, volume], ...]"
        )
    names = _LAYOUTS.get(len(rows[0]) if isinstance(rows[0], list) else 0, BINANCE_COLUMNS[:6])
    for index, row in enumerate(rows):
        if not isinstance(row, list) or len(row) != len(names):
            found = f"{len(row)} columns" if isinstance(row, list) else "no list"
            raise origin.refused(index, f"{found} instead of a list of {len(names)} columns")
    return RawTable(origin, names, [_texts(column) for column in zip(*rows, strict=True)])


def _texts(values: tuple[Any, ...]) -> ArrowArray:
    """Whatever is not a number or text (null, a list) becomes text that no number looks like, and is refused later."""
    return pa.array([value if isinstance(value, str) else json.dumps(value) for value in values], type=pa.string())

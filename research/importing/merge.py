"""Several files become one run of rows. Identical rows are counted and kept once; rows that contradict are refused."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from kernel.errors import DataRefused
from kernel.money import canonical_text, from_units
from kernel.timeframe import iso
from research.importing.candles import Candles, Numbers, candles_of, in_unit
from research.importing.origin import Origin
from research.importing.pieces import Piece
from venues.columns import Units

__all__ = ["Rows", "merged_candles", "merged_rows"]


class Rows(NamedTuple):
    """Rows of one file, or of all: open times (ns) and columns of numbers."""

    origin: Origin
    times: Units
    columns: tuple[Numbers, ...]


def merged_candles(pieces: Sequence[Piece]) -> tuple[Candles, int]:
    """All candles in ascending time, and how many identical rows were dropped. Errors: as `merged_rows`."""
    parts = []
    for piece in pieces:
        rows, price_decimals, volume_decimals = piece.candles
        prices = [Numbers(units, price_decimals) for units in (rows.open, rows.high, rows.low, rows.close)]
        parts.append(Rows(piece.origin, rows.open_time, (*prices, Numbers(rows.volume, volume_decimals))))
    times, (open_, high, low, close, volume), duplicates = merged_rows(parts)
    return candles_of(times, (open_, high, low, close), volume), duplicates


def merged_rows(parts: Sequence[Rows]) -> tuple[Units, list[Numbers], int]:
    """The rows of all parts in ascending time, each time once; then the number of identical rows dropped.

    Errors: DataRefused showing both rows where two of the same time differ.
    """
    columns = [_joined(column) for column in zip(*(part.columns for part in parts), strict=True)]
    times = np.concatenate([part.times for part in parts])
    order = np.argsort(times, kind="stable")
    first, second = order[:-1], order[1:]
    repeated = times[first] == times[second]
    contradict = repeated & np.any([c.units[first] != c.units[second] for c in columns], axis=0)
    if contradict.any():
        at = int(contradict.argmax())
        raise _conflict(parts, int(first[at]), int(second[at]))
    kept = np.concatenate((order[:1], second[~repeated]))
    return times[kept], [Numbers(c.units[kept], c.decimals) for c in columns], int(repeated.sum())


def _joined(column: tuple[Numbers, ...]) -> Numbers:
    decimals = max(part.decimals for part in column)
    return Numbers(np.concatenate([in_unit(part, decimals) for part in column]), decimals)


def _conflict(parts: Sequence[Rows], first: int, second: int) -> DataRefused:
    def shown(index: int) -> tuple[str, int]:
        for part in parts:
            if index < len(part.times):
                values = (canonical_text(from_units(int(c.units[index]), c.decimals)) for c in part.columns)
                return f"{part.origin.row(index)}: {','.join(values)}", int(part.times[index])
            index -= len(part.times)
        raise IndexError(index)

    (one, opened), (other, _) = shown(first), shown(second)
    return DataRefused(
        f"two rows for {iso(opened)} differ:\n  {one}\n  {other}",
        fix="keep the one that is right; the last row of a file is often a candle that had not closed",
    )

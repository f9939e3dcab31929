"""The id of a dataset: sha256 over one canonical text, so that the same rows from any format have the same id.

The text, for whoever wants to compute it with other tools (ASCII, every line ended by a line feed):

    candled dataset 1
    venue binance
    symbol BTC/USDT
    timeframe 1m
    columns open_time,open,high,low,close,volume
    1640995200000000000,46216.93,46271.08,46208.37,46250,40.57574

that is, a row a line in ascending time; the open time in ns since 1970 UTC, the numbers without exponent and without
trailing zeros. An attachment is named the same way, with its own first line and columns.
"""

from collections.abc import Iterable, Sequence
from hashlib import sha256

import pyarrow.compute as pc

from venues.columns import ArrowArray, Units, canonical_texts

__all__ = ["ContentHash"]

_ROWS_AT_ONCE = 65_536  # bounds memory: about 6 MB of text


class ContentHash:
    """The running sha256 over a canonical text."""

    def __init__(self, kind: str, *, venue: str, symbol: str, timeframe: str, columns: Iterable[str]) -> None:
        header = (
            f"candled {kind} 1\nvenue {venue}\nsymbol {symbol}\ntimeframe {timeframe}\ncolumns {','.join(columns)}\n"
        )
        self._hash = sha256(header.encode("ascii"))

    def update(self, columns: Sequence[tuple[Units, int]]) -> None:
        """Add rows, given as columns of (units, decimals) in the order of the header."""
        for start in range(0, len(columns[0][0]), _ROWS_AT_ONCE):
            texts = [canonical_texts(units[start : start + _ROWS_AT_ONCE], decimals) for units, decimals in columns]
            texts[-1] = pc.binary_join_element_wise(texts[-1], "", "\n")
            lines: ArrowArray = pc.binary_join_element_wise(*texts, ",")
            size = lines.buffers()[1]
            offsets = memoryview(size).cast("i")
            self._hash.update(
                memoryview(lines.buffers()[2])[offsets[lines.offset] : offsets[lines.offset + len(lines)]]
            )

    def hexdigest(self) -> str:
        """The id, 64 hexadecimal digits."""
        return self._hash.hexdigest()

"""Where a market is looked at more closely: at rows drawn from its dataset's id, and wherever it is unusual."""

from collections.abc import Iterable
from hashlib import sha256
from typing import NamedTuple

import numpy as np

from research.certify.recording import Recording

__all__ = ["Places", "places_in"]

_HOUR_NS = 3_600 * 10**9


class Places(NamedTuple):
    """Rows, each list in order and without duplicates, some of them at every hole, halt and end of a bar that is there.

    `cuts`: prefixes end before them; `starts`: runs begin with them; `handovers`: from them on another engine goes on;
    `touched`: their candles are altered.
    """

    cuts: list[int]
    starts: list[int]
    handovers: list[int]
    touched: list[int]


def places_in(recording: Recording) -> Places:
    """The places of a recording: the same on every machine."""
    rows, drawn = recording.rows, _Drawn(recording.base.dataset)
    unusual = [row for found in _unusual(recording) for row in drawn.some(found, 1)]
    odd = [row for found in _unusual(recording) for row in drawn.some(found[found < rows // 2], 1)]
    return Places(
        cuts=_within(rows, [*drawn.rows(4, 0, rows), *unusual, *(row + 1 for row in unusual)]),
        starts=_within(rows, [*drawn.rows(4, 0, rows // 2), *odd]),
        handovers=_within(rows, [*drawn.rows(6, 0, rows), *unusual]),
        touched=_within(rows, drawn.rows(3, 0, rows)),
    )


class _Drawn:
    """Numbers that look drawn, and are a function of the dataset."""

    def __init__(self, dataset: str) -> None:
        self._dataset = dataset
        self._drawn = 0

    def rows(self, count: int, first: int, end: int) -> list[int]:
        """Some rows from `first` to before `end`."""
        return [first + self._next() % max(1, end - first) for _ in range(count)]

    def some(self, rows: "np.typing.NDArray[np.int64]", count: int) -> list[int]:
        """Some of the rows given, if there are any."""
        return [int(rows[self._next() % len(rows)]) for _ in range(count)] if len(rows) else []

    def _next(self) -> int:
        self._drawn += 1
        return int.from_bytes(sha256(f"{self._dataset}:{self._drawn}".encode()).digest()[:8])


def _unusual(recording: Recording) -> Iterable["np.typing.NDArray[np.int64]"]:
    """First candles after a hole, candles without volume, without any change of price, and the last ones of hours."""
    base = recording.base
    block = base.block
    yield np.flatnonzero(np.diff(block.open_time) > base.base_ns) + 1
    yield np.flatnonzero(block.volume == 0)
    yield np.flatnonzero((block.high == block.low) & (block.open == block.close))
    yield np.flatnonzero((block.open_time + base.base_ns) % _HOUR_NS == 0)


def _within(rows: int, found: Iterable[int]) -> list[int]:
    return sorted({row for row in found if 0 < row < rows})

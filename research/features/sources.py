"""What features read in a batch: whole columns of candles, of the bars made of them, of another market as it is seen.

Time is counted in moments: 2 * row + 1 is the row's candle, 2 * row comes right before it, when bars end whose last
candle is missing.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from kernel.errors import UsageError
from kernel.features.bar_columns import bars_of
from kernel.features.bars import BarMaker
from kernel.features.block import Block
from kernel.features.columns import floats_of
from kernel.features.engine import MINUTE_NS, units_per_one
from kernel.timeframe import timeframe_ns
from service.definition import Window
from venues.dataset import CandleBlock, Dataset
from venues.instruments import instrument_for

__all__ = ["Column", "Market", "Moments", "Series", "Source", "bars", "candles", "held", "market_of", "seen"]

Column = npt.NDArray[np.float64]
Moments = npt.NDArray[np.int64]


class Market(NamedTuple):
    """The candles of a dataset, in scaled integers; `divisors` of open, high, low, close, volume give floats."""

    symbol: str
    dataset: str
    timeframe: str
    base_ns: int
    block: Block
    divisors: tuple[int, ...]


class Source(NamedTuple):
    """Row k of the columns (open, high, low, close, volume, minute) holds from moment `moments[k]` on."""

    moments: Moments
    columns: tuple[Column, ...]


class Series(NamedTuple):
    """`values[k]` holds from moment `moments[k]` on; NaN before."""

    moments: Moments
    values: Column


def market_of(dataset: Dataset, window: Window = Window()) -> Market:  # noqa: B008 - it is frozen
    """The candles of a dataset that open in the window. Errors: UsageError when there are none; DataRefused."""
    manifest = dataset.manifest
    blocks = list(dataset.blocks(first_ns=window.first, before_ns=window.before))
    if not blocks:
        raise UsageError(
            f"dataset {manifest.dataset[:12]} has no candle in that time",
            fix=f"it begins at {manifest.first} and ends with {manifest.last}",
        )
    instrument, _ = instrument_for(manifest, {}, Decimal(0))
    length = timeframe_ns(manifest.timeframe)
    return Market(
        manifest.symbol, manifest.dataset, manifest.timeframe, length, _joined(blocks), units_per_one(instrument)
    )


def candles(market: Market) -> Source:
    """The candles themselves."""
    rows = len(market.block.open_time)
    return Source(2 * np.arange(rows, dtype=np.int64) + 1, _floats(market.block, market.divisors))


def bars(market: Market, length_ns: int) -> Source:
    """The closed bars of a length."""
    closed, moments = bars_of(BarMaker(length_ns), market.block, market.base_ns)
    return Source(moments, _floats(closed, market.divisors))


def seen(market: Market, other: Market) -> Source:
    """For each candle of `market` the other's last candle of a strictly earlier instant; NaN before there is one."""
    closes, other_closes = (m.block.open_time + m.base_ns for m in (market, other))
    newest = np.searchsorted(other_closes, closes, side="left")
    columns = _floats(other.block, other.divisors)
    moments = 2 * np.arange(len(closes), dtype=np.int64) + 1
    return Source(moments, tuple(np.concatenate(([np.nan], column))[newest] for column in columns))


def held(series: Series, moments: Moments) -> Column:
    """The values that hold at other moments."""
    if series.moments is moments:
        return series.values
    newest = np.searchsorted(series.moments, moments, side="right")
    return np.concatenate(([np.nan], series.values))[newest]


def _joined(blocks: Sequence[CandleBlock]) -> Block:
    columns: list[npt.NDArray[Any]] = [np.concatenate(parts) for parts in zip(*blocks, strict=True)]
    return Block(*columns)


def _floats(block: Block, divisors: Sequence[int]) -> tuple[Column, ...]:
    opened, *units = block
    columns = [floats_of(column, divisor) for column, divisor in zip(units, divisors, strict=True)]
    return (*columns, (opened // MINUTE_NS).astype(np.float64))

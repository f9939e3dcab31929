"""Candles on their way into a dataset: whole columns in memory, exact, with as few decimals as they need."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

from kernel.errors import DataRefused
from venues.columns import MAX_DIGITS, Units, narrowed, rescaled, smallest_decimals
from venues.dataset import CandleBlock, Source

__all__ = ["Candles", "Facts", "LastCandle", "Market", "Numbers", "candles_of", "in_unit"]

LastCandle = Literal["finished", "unfinished", "unknown"]


class Market(NamedTuple):
    """Whose candles these are: venue "binance", symbol "BTC/USDT", timeframe "1m"."""

    venue: str
    symbol: str
    timeframe: str


class Numbers(NamedTuple):
    """A column of exact numbers: value = units / 10**decimals."""

    units: Units
    decimals: int


class Candles(NamedTuple):
    """Candles in ascending time. Prices share `price_decimals`; both decimals are as small as the values allow."""

    rows: CandleBlock
    price_decimals: int
    volume_decimals: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a manifest says beyond the candles; fields as in DatasetManifest. `now_ns` is the time of the import."""

    market: Market
    sources: tuple[Source, ...]
    now_ns: int
    duplicates: int = 0
    last_candle: LastCandle = "unknown"
    attachments: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()


def candles_of(open_time: Units, prices: tuple[Numbers, Numbers, Numbers, Numbers], volume: Numbers) -> Candles:
    """Candles from columns of any decimals. `prices` are open, high, low, close; `open_time` int64 ns.

    Errors: as `in_unit`.
    """
    price_decimals = max(smallest_decimals(*column) for column in prices)
    volume_decimals = smallest_decimals(*volume)
    open_, high, low, close = (in_unit(column, price_decimals) for column in prices)
    volumes = in_unit(volume, volume_decimals)
    return Candles(CandleBlock(open_time, open_, high, low, close, volumes), price_decimals, volume_decimals)


def in_unit(column: Numbers, decimals: int) -> Units:
    """The column's values in units of 10**-decimals, which must write them. Errors: DataRefused beyond 38 digits."""
    units = narrowed(rescaled(column.units, column.decimals, decimals))
    if units.dtype == object and any(abs(value) >= 10**MAX_DIGITS for value in units):
        what = f"a column's values lie too far apart: with {decimals} decimals one takes more than {MAX_DIGITS} digits"
        raise DataRefused(what, fix="look for a number that cannot be right, as 1e30 beside 1e-30")
    return units

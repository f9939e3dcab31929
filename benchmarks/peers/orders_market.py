"""Stretches of recorded candles, as exact integers, read with nothing but what every engine's venv has."""

import csv
import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import NamedTuple

PRICE_DECIMALS = 2  # of every market here; the tick is one unit
COLUMNS = ("open_time", "open", "high", "low", "close")


class Candle(NamedTuple):
    """When it opened (ms UTC), and its prices in units of 0.01."""

    open_time_ms: int
    open: int
    high: int
    low: int
    close: int


@dataclass(frozen=True)
class Market:
    """`rows` recorded candles of one file: from row `first` on, every `step`th. An episode begins at every `every`th.

    With a `step`, the price moves while nobody looks: a gap before each candle, of which recorded markets have few.
    """

    name: str
    file: str
    symbol: str
    candle_ms: int
    first: int
    rows: int
    every: int
    step: int = 1

    def read(self, folder: Path) -> list[Candle]:
        """The candles. Errors: ValueError for a price finer than the tick, or a file that is too short."""
        path = folder / self.file
        last = self.first + self.rows * self.step
        lines = _parquet(path, self.first, last) if path.suffix == ".parquet" else _csv(path, self.first, last)
        shown = islice(lines, None, None, self.step)
        candles = [Candle(int(at), *(units(price) for price in prices)) for at, *prices in shown]
        if len(candles) != self.rows:
            raise ValueError(f"{self.file} has {len(candles)} candles from row {self.first} on, not {self.rows}")
        return candles


MARKETS = {
    market.name: market
    for market in (
        Market("btc-minutes", "binance-spot-BTCUSDT-1m-2022.parquet", "BTC/USDT", 60_000, 180_000, 20_000, 200),
        Market("eth-minutes", "binance-spot-ETHUSDT-1m-2022.parquet", "ETH/USDT", 60_000, 185_000, 10_000, 100),
        Market("btc-hours", "binance-spot-BTCUSDT-1h-to2023.csv.gz", "BTC/USDT", 3_600_000, 34_000, 5_000, 40),
        Market("eth-gaps", "binance-spot-ETHUSDT-1h-to2023.csv.gz", "ETH/USDT", 3_600_000, 28_000, 2_000, 20, step=6),
    )
}


def units(price: str | Decimal) -> int:
    """A price in units of 0.01. Errors: ValueError where it is finer."""
    scaled = Decimal(price).scaleb(PRICE_DECIMALS)
    if scaled != int(scaled):
        raise ValueError(f"{price} is finer than the tick")
    return int(scaled)


def whole(quantity: float | str | Decimal) -> int:
    """A quantity as an engine says it. Errors: ValueError where it is no whole number, which nobody has ordered."""
    exact = Decimal(str(quantity))
    if exact != int(exact):
        raise ValueError(f"{quantity} is a part of what was ordered")
    return int(exact)


def price_text(price_units: int) -> str:
    """The price as every engine is given it: two decimals."""
    return f"{price_units // 100}.{price_units % 100:02}"


def _parquet(path: Path, first: int, last: int) -> Iterator[tuple[int | Decimal, ...]]:
    import pyarrow.parquet as pq

    table = pq.read_table(path, columns=list(COLUMNS)).slice(first, last - first)
    return zip(*(table[name].to_pylist() for name in COLUMNS), strict=True)


def _csv(path: Path, first: int, last: int) -> Iterator[tuple[str, ...]]:
    with gzip.open(path, "rt") as lines:
        for row in islice(csv.DictReader(lines), first, last):
            yield tuple(row[name] for name in COLUMNS)

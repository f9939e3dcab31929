"""Candles for the benchmarks of features: real minutes where recorded data lies beside the checkout, else made ones."""

import csv
import gzip
import random
import sys
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from statistics import median
from time import process_time_ns
from typing import Any, NamedTuple

from kernel.instrument import Instrument
from kernel.messages import CandleClosed

CANDLES = Path(__file__).resolve().parents[2] / "shared" / "data" / "candles"
USDC = CANDLES / "binanceus-spot-BTCUSDC-1m-20230301_20230321.csv.gz"
MINUTE_NS = 60_000_000_000
FIRST_NS = 1_640_995_200_000_000_000  # 2022-01-01


class Market(NamedTuple):
    """Candles in the order of their time, whose they are, and where they come from."""

    instrument: Instrument
    candles: list[CandleClosed]
    origin: str


def instrument(symbol: str, price_decimals: int = 2, volume_decimals: int = 8) -> Instrument:
    base, quote = symbol.split("/")
    tick, lot = Decimal(1).scaleb(-price_decimals), Decimal(1).scaleb(-volume_decimals)
    decimals = (price_decimals, volume_decimals)
    return Instrument(symbol, base, quote, *decimals, tick, lot, Decimal(10), Decimal("0.001"))


def usdc_market(rows: int, *, skip: int) -> Market:
    """`rows` minutes of BTC/USDC from Binance.US in March 2023, thin, with USDC's depeg in them; `skip` go before."""
    symbol = "BTC/USDC"
    if not USDC.is_file():
        return Market(instrument(symbol), made(symbol, rows), "synthetic: the recorded BTC/USDC candles are absent")
    with gzip.open(USDC, "rt") as file:
        read = [row for number, row in enumerate(csv.DictReader(file)) if skip <= number < skip + rows]
    first = read[0]["open_time"]
    names = ("open", "high", "low", "close")
    candles = []
    for number, row in enumerate(read):  # the file has no gap
        opened = FIRST_NS + number * MINUTE_NS
        prices = [int(Decimal(row[name]) * 100) for name in names]
        candles.append(CandleClosed(opened + MINUTE_NS, symbol, opened, *prices, int(Decimal(row["volume"]) * 10**8)))
    return Market(instrument(symbol), candles, f"Binance.US BTC/USDC minutes from {first[:16]} UTC on")


def made(symbol: str, rows: int) -> list[CandleClosed]:
    """A random walk of minutes with wicks; one minute in thirty has no trade."""
    draw = random.Random(7)
    price, candles = 2_000_000, []
    for row in range(rows):
        opened, quiet, before = FIRST_NS + row * MINUTE_NS, draw.random() < 1 / 30, price
        price = price if quiet else max(1_000, round(price * (1 + draw.gauss(0, 0.0005))))
        wick = 0 if quiet else draw.randrange(1, 900)
        high, low = max(before, price) + wick, min(before, price) - wick // 2
        volume = 0 if quiet else draw.randrange(1, 10**9)
        candles.append(CandleClosed(opened + MINUTE_NS, symbol, opened, before, high, low, price, volume))
    return candles


def minutes(folder: Path, rows: int) -> tuple[list[Any], str, Instrument]:
    """`rows` one-minute candles as blocks of columns: Binance's BTC/USDT of 2021 and 2022, else synthetic."""
    from research.importing.candles import Market as Named
    from research.importing.importer import import_candles
    from research.sample_market import make_sample_market
    from venues.dataset import open_dataset

    years = sorted(CANDLES.glob("binance-spot-BTCUSDT-1m-202[12].parquet"))
    if years:
        manifest = import_candles(folder, years, Named("binance", "BTC/USDT", "1m")).manifest
        origin = "Binance BTC/USDT minutes of 2021 and 2022"
    else:
        manifest = make_sample_market(folder, rows=rows)
        origin = "synthetic: the recorded BTC/USDT candles are absent"
    blocks, left = [], rows
    for block in open_dataset(folder, manifest.dataset).blocks():
        blocks.append(tuple(column[:left] for column in block))
        left -= len(blocks[-1][0])
        if left <= 0:
            break
    return blocks, origin, instrument(manifest.symbol, manifest.price_decimals, manifest.volume_decimals)


def candles_of(blocks: Iterable[Any], symbol: str, rows: int) -> list[CandleClosed]:
    """The first rows of the blocks, one by one."""
    found: list[CandleClosed] = []
    for block in blocks:
        columns = [column[: rows - len(found)].tolist() for column in block]
        found += [
            CandleClosed(opened + MINUTE_NS, symbol, opened, *rest) for opened, *rest in zip(*columns, strict=True)
        ]
        if len(found) == rows:
            break
    return found


def each_ns(function: Callable[[Any], object], items: Sequence[Any], repeats: int = 5) -> float:
    """CPU nanoseconds of one call: the median of several passes over the items."""
    passes = []
    for _ in range(repeats):
        started = process_time_ns()
        for item in items:
            function(item)
        passes.append((process_time_ns() - started) / len(items))
    return median(passes)


def empty_call_ns() -> float:
    """What an empty Python call costs here and now, its loop included: the yardstick for everything else."""
    return each_ns(lambda item: item, range(1_000_000))


def version() -> str:
    """The Python that measured."""
    return ".".join(map(str, sys.version_info[:3]))

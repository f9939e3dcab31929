"""What every peer's runner shares: the same rows in, the same report out.

Rule of this file: an engine is asked for candle, side and price of each fill, and is believed on nothing else. The
price must be, bit for bit, the float of that candle's own; then the candle's decimal text stands for it in the digest.
"""

import argparse
import hashlib
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

CASH = 100_000_000.0
FEE_RATE = 0.001
FAST_SPAN, SLOW_SPAN = 12, 26
PRICES = ("open", "high", "low", "close")


class Fill(NamedTuple):
    """One unit traded at a price of the candle in `row`."""

    row: int
    side: str
    price: float


@dataclass(frozen=True)
class Outcome:
    """What an engine did, in its floats: fills in order, cash plus position at the end, fees where it tells them."""

    fills: Sequence[Fill]
    equity: float
    fees: float | None = None


@dataclass(frozen=True)
class Candles:
    """Recorded candles: `open_time_ms` int64 UTC, `units` exact prices (int64 of 10 ** -decimals), float64 `volume`."""

    open_time_ms: np.ndarray
    units: dict[str, np.ndarray]
    decimals: int
    volume: np.ndarray

    def floats(self, column: str) -> np.ndarray:
        """A price column as float64. Dividing two exact floats rounds once, so each equals `float(text)`."""
        return self.units[column] / 10.0**self.decimals

    def frame(self) -> pd.DataFrame:
        """Columns Open, High, Low, Close, Volume in float64 over UTC open times without a zone."""
        prices = {column.title(): self.floats(column) for column in PRICES}
        index = pd.DatetimeIndex(self.open_time_ms.astype("datetime64[ms]").astype("datetime64[ns]"))
        return pd.DataFrame({**prices, "Volume": self.volume}, index=index)

    def text(self, row: int, column: str) -> str:
        """The shortest decimal text of one price."""
        written = format(Decimal(int(self.units[column][row])).scaleb(-self.decimals), "f")
        return written.rstrip("0").rstrip(".") if "." in written else written


class Engine(Protocol):
    """A peer under one fill model, its rows loaded: `run` is what is timed, `outcome` reads the result afterwards."""

    def run(self) -> None: ...
    def outcome(self) -> Outcome: ...


def load(paths: Sequence[Path], rows: int | None) -> Candles:
    """The first `rows` candles of Parquet files with decimal prices, one file after the other."""
    table = pa.concat_tables([pq.read_table(path) for path in paths]).slice(0, rows)
    decimals = table.schema.field("close").type.scale
    scale = pa.scalar(Decimal(10) ** decimals, pa.decimal128(decimals + 1, 0))

    def units(column: str) -> np.ndarray:
        return pc.multiply(table[column], scale).cast(pa.int64()).to_numpy()

    volume = table["volume"].cast(pa.float64()).to_numpy()
    return Candles(table["open_time"].to_numpy(), {column: units(column) for column in PRICES}, decimals, volume)


def digest(candles: Candles, fills: Sequence[Fill], fill_model: str) -> str:
    """sha256 over lines "open_time_ms,side,price"; a price that is not its candle's own is written as its float."""
    column = "close" if fill_model == "same_close" else "open"
    own = candles.floats(column)
    hasher = hashlib.sha256()
    for row, side, price in fills:
        written = candles.text(row, column) if price == own[row] else repr(price)
        hasher.update(f"{candles.open_time_ms[row]},{side},{written}\n".encode())
    return hasher.hexdigest()


def main(name: str, version: str, make: Callable[[Candles, str], Engine]) -> None:
    """Run a peer as the command line says, and print its report as one JSON object."""
    parser = argparse.ArgumentParser(description=f"The EMA cross on {name} {version}.")
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--fill", choices=["same_close", "next_open"], required=True)
    parser.add_argument("--rows", type=int)
    parser.add_argument("--warm", type=int, default=0, help="further runs in the same process, after the first")
    arguments = parser.parse_args()
    candles = load(arguments.files, arguments.rows)
    run_s, run_cpu_s = [], []
    for _ in range(1 + arguments.warm):
        engine = make(candles, arguments.fill)
        started, cpu_started = time.perf_counter(), time.process_time()
        engine.run()
        run_s.append(time.perf_counter() - started)
        run_cpu_s.append(time.process_time() - cpu_started)
    outcome = engine.outcome()
    report = {
        "engine": name, "version": version, "fill": arguments.fill, "candles": len(candles.open_time_ms),
        "fills": len(outcome.fills), "round_trips": len(outcome.fills) // 2,
        "digest": digest(candles, outcome.fills, arguments.fill),
        "fees": outcome.fees, "final_equity": outcome.equity, "run_s": run_s, "run_cpu_s": run_cpu_s,
    }  # fmt: skip
    print(json.dumps(report))

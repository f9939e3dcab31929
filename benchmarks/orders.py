"""What an order costs, whether that stays flat with history, and how fast fifty markets run.

    .venv/bin/python benchmarks/orders.py [--orders 1000000] [--symbols 50] [--json]

Orders: a saw-tooth market on which a rule turns around at every candle, alone and with a bracket (stop and target that
are never reached, so three orders a round trip and two cancels), at rising numbers of orders: CPU time of the whole run
by the number of orders, every record encoded, chained and written. Markets: a year of real minutes under fifty names
(synthetic ones where there are none), once with the EMA cross of the examples, once with its breakout.
"""

import argparse
import gc
import json
import sys
import tempfile
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import numpy as np
from step import CANDLES, HERE, call_ns, watched

from kernel.timeframe import parse_time, timeframe_ns
from research.importing.candles import Facts, Market, Numbers, candles_of
from research.importing.importer import import_candles
from research.importing.promote import promote_candles
from research.sample_market import make_sample_market
from service.backtest import backtest
from service.compose import compose
from service.config import load_config
from service.definition import Window
from service.features import Mode, engines_for
from service.launch import prepare
from service.log.file import FileLogStore
from service.loop import run
from service.runs import next_execution, runs_dir
from venues.dataset import Dataset, Source, open_dataset

STRATEGY = """
[strategy]
name = "turning"
features = [{ name = "price", kind = "sma", period = 1 }, { name = "mean", kind = "sma", period = 2 }]
model = { kind = "cross", fast = "price", slow = "mean" }
execution = { quantity = "1" }
EXITS
[account]
cash = "100000000"
"""
BRACKET = 'exits = { stop_loss = "0.2", take_profit = "0.2" }'


def saw(data_dir: Path, rows: int) -> Dataset:
    """A market that goes up and down by one percent in turn."""
    market, step = Market("synthetic", "SAW/USDT", "1m"), timeframe_ns("1m")
    times = parse_time("2000-01-01") + np.arange(rows, dtype=np.int64) * step
    closes = np.where(np.arange(rows) % 2, 10_100, 10_000)
    opens = np.concatenate(([10_000], closes[:-1]))
    prices = (opens, np.maximum(opens, closes), np.minimum(opens, closes), closes)
    source = Source(file="a saw", sha256="0" * 64, format="synthetic", rows=rows)
    facts = Facts(market=market, sources=(source,), now_ns=int(times[-1]) + 2 * step, last_candle="finished")
    columns = tuple(Numbers(column.astype(np.int64), 2) for column in prices)
    volumes = Numbers(np.full(rows, 10**9, dtype=np.int64), 5)
    return open_dataset(data_dir, promote_candles(data_dir, candles_of(times, columns, volumes), facts)[0].dataset)


def one_run(data_dir: Path, config: Path, datasets: list[Dataset], mode: Mode) -> dict[str, Any]:
    """One execution into a file, as `candled backtest` does it."""
    rows = sum(dataset.manifest.rows for dataset in datasets)
    prepared = prepare(data_dir, load_config(config), datasets, window=Window(), beside=HERE)
    composed = compose(prepared.definition, data_dir, make_engine=engines_for(mode, rows))
    execution = next_execution(data_dir, composed.opening.definition)
    gc.collect()
    started, cpu = perf_counter(), process_time()
    result = run(backtest(execution, composed, FileLogStore(runs_dir(data_dir)), mode=mode))
    spent = {"wall_s": perf_counter() - started, "cpu_s": process_time() - cpu}
    return spent | {"orders": result.orders, "bars": result.candles, "records": result.events, "trades": result.trades}


def orders(most: int) -> dict[str, Any]:
    """Microseconds of CPU an order, by the number of orders."""
    found: dict[str, Any] = {}
    for name, exits in (("market order", ""), ("order of a bracket", BRACKET)):
        found[name] = {}
        for count in (n for n in (1_000, 10_000, 100_000, 1_000_000) if n <= most):
            with tempfile.TemporaryDirectory() as folder:
                config = Path(folder) / "turning.toml"
                config.write_text(STRATEGY.replace("EXITS", exits))
                rows = count if not exits else count // 2
                f = one_run(Path(folder), config, [saw(Path(folder), rows)], "step")
            found[name][count] = f | {"us": f["cpu_s"] / f["orders"] * 1e6}
    return found


def markets(symbols: int) -> dict[str, Any]:
    """A year of minutes of many markets in one process each: bars/s and peak memory."""
    files = sorted(CANDLES.glob("binance-spot-*-1m-2022.parquet"))
    found: dict[str, Any] = {"data": "real" if files else "synthetic"}
    with tempfile.TemporaryDirectory() as folder:
        data_dir, ids = Path(folder), []
        for number in range(symbols):
            market = Market("binance", f"C{number:02d}/USDT", "1m")
            if files:
                link = data_dir / f"{number}.parquet"  # an import believes a file's name, and this one has another
                link.symlink_to(files[number % len(files)])
                ids.append(import_candles(data_dir, [link], market).manifest.dataset)
            else:
                ids.append(make_sample_market(data_dir, rows=100_000, seed=number).dataset)
        for example in ("ema_cross.toml", "breakout.toml"):
            program = str(Path(sys.executable).with_name("candled"))
            command = [program, "backtest", str(HERE.parent / "examples" / example), "--data-dir", folder, "--json"]
            for dataset in ids:
                command += ["--dataset", dataset]
            wall_s, cpu_s, peak_mb = watched([*command, "--set", "account.cash=1000000000"])
            bars = sum(open_dataset(data_dir, name).manifest.rows for name in ids)
            found[example] = {"bars": bars, "wall_s": wall_s, "cpu_s": cpu_s, "peak_mb": peak_mb}
    return found


def show(figures: dict[str, Any]) -> None:
    """The figures for a person."""
    print(f"an empty Python call costs {figures['empty_call_ns']:.0f} ns here")
    for name, by_count in figures["orders"].items():
        told = ", ".join(f"{f['us']:.1f} us at {count:,}" for count, f in by_count.items())
        print(f"{name}: {told} (CPU, the candle and all its records included)")
    for example, f in figures["markets"].items():
        if isinstance(f, dict):
            rate = f["bars"] / f["wall_s"]
            print(f"{example}: {f['bars']:,} bars, {rate:,.0f} bars/s, {f['cpu_s']:.0f} s CPU, {f['peak_mb']:.0f} MB")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--orders", type=int, default=1_000_000)
    parser.add_argument("--symbols", type=int, default=50)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    measured = {"empty_call_ns": call_ns(), "orders": orders(arguments.orders), "markets": markets(arguments.symbols)}
    print(json.dumps(measured)) if arguments.json else show(measured)

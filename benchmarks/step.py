"""How fast a backtest is in step mode: bars per second, the cost of an order, and whether both stay flat.

    .venv/bin/python benchmarks/step.py [--rows 1000000] [--json]

Runs the EMA cross of examples/ema_cross.toml on real minutes (../shared/data, 2021 and 2022), or on as many synthetic
ones where those are absent, every event encoded and chained into a log file. The figures of one call belong together:
quote ratios and medians, for a busy machine slows all of them alike.
"""

import argparse
import gc
import json
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter, process_time, sleep
from typing import Any

from kernel.context import CandleContext, Outcome
from kernel.messages import CandleClosed
from research.importing.candles import Market
from research.importing.importer import import_candles
from research.sample_market import make_sample_market
from service.backtest import backtest
from service.compose import compose
from service.config import Config, load_config
from service.definition import RunDefinition, Window, run_id
from service.launch import prepare
from service.log.file import FileLogStore
from service.loop import run
from service.replay import read_log, replay
from service.runs import next_execution, resolve, runs_dir
from venues.dataset import Dataset, open_dataset

HERE = Path(__file__).resolve().parent
CANDLES = HERE.parents[1] / "shared" / "data" / "candles"
REPEATS = 5


class StepTimer:
    """An observer that times every step: what a caller pays who wants to know."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._last = 0.0

    def candle(self, _candle: CandleClosed) -> None:
        self._last = perf_counter()

    def step(self, name: str, _outcome: Outcome, _context: CandleContext) -> None:
        now = perf_counter()
        self.seconds[name] = self.seconds.get(name, 0.0) + now - self._last
        self._last = now


def market(data_dir: Path, rows: int) -> Dataset:
    """`rows` one-minute candles, real where there are any."""
    years = sorted(CANDLES.glob("binance-spot-BTCUSDT-1m-202[12].parquet"))
    if years:
        imported = import_candles(data_dir, years, Market("binance", "BTC/USDT", "1m"))
        return open_dataset(data_dir, imported.manifest.dataset)
    return open_dataset(data_dir, make_sample_market(data_dir, rows=rows).dataset)


def once(data_dir: Path, definition: RunDefinition, observer: StepTimer | None = None) -> dict[str, float]:
    """One execution into a file, as `candled backtest` does it."""
    composed = compose(definition, data_dir, observer=observer)
    execution = next_execution(data_dir, run_id(definition))
    started, cpu = perf_counter(), process_time()
    result = run(backtest(execution, composed, FileLogStore(runs_dir(data_dir))))
    wall_s, cpu_s = perf_counter() - started, process_time() - cpu
    return {"bars": result.candles, "orders": result.orders, "events": result.events, "wall_s": wall_s, "cpu_s": cpu_s}


def median(data_dir: Path, definition: RunDefinition, *, timed: bool = False) -> dict[str, float]:
    """The median execution by CPU time of several."""
    runs = [once(data_dir, definition, StepTimer() if timed else None) for _ in range(REPEATS)]
    return sorted(runs, key=lambda r: r["cpu_s"])[REPEATS // 2]


def replayed(data_dir: Path, definition: RunDefinition) -> dict[str, float]:
    """The newest execution executed again from its log, every hash compared."""
    recorded = run(read_log(FileLogStore(runs_dir(data_dir)), resolve(data_dir, run_id(definition)).stream))
    composed, started = compose(definition, data_dir), perf_counter()
    outcome = replay(composed, recorded)
    wall_s = perf_counter() - started
    assert outcome.first_divergence is None
    return {"records": outcome.events, "bars": composed.kernel.state.ordinal, "wall_s": wall_s}


def call_ns() -> float:
    """What an empty Python call costs here and now: the yardstick for everything else."""

    def empty(x: int) -> int:
        return x

    times = []
    for _ in range(5):
        started = process_time()
        for i in range(1_000_000):
            empty(i)
        times.append((process_time() - started) * 1e3)
    return statistics.median(times)


def whole_process(data_dir: Path, dataset: str) -> dict[str, float]:
    """`candled backtest` from a cold shell: wall, CPU and peak memory of the process, each the median of three."""
    program = [str(Path(sys.executable).with_name("candled")), "backtest", str(HERE.parent / "examples/ema_cross.toml")]
    options = ["--dataset", dataset, "--data-dir", str(data_dir), "--json"]
    runs = [watched([*program, *options]) for _ in range(3)]
    wall_s, cpu_s, peak_mb = (statistics.median(column) for column in zip(*runs, strict=True))
    return {"wall_s": wall_s, "cpu_s": cpu_s, "peak_mb": peak_mb}


def watched(command: list[str]) -> tuple[float, float, float]:
    """Run a command; its wall and CPU seconds and peak MB (asked of /proc: rusage would count this process too)."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started, peak_kb = perf_counter(), 0
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        while process.poll() is None:
            status = Path(f"/proc/{process.pid}/status").read_text()
            peak_kb = max(
                [peak_kb, *(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))]
            )
            sleep(0.02)
    wall_s = perf_counter() - started
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall_s, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, peak_kb / 1024


def define(data_dir: Path, config: Config, dataset: Dataset, rows: int) -> RunDefinition:
    """The run over the dataset's first `rows` candles."""
    times = [int(t) for block in dataset.blocks() for t in block.open_time]
    before = times[rows] if rows < len(times) else None
    return prepare(data_dir, config, [dataset], window=Window(before=before), beside=HERE).definition


def measure(rows: int) -> dict[str, Any]:
    """Every figure, in one go."""
    example = HERE.parent / "examples" / "ema_cross.toml"
    with tempfile.TemporaryDirectory() as folder:
        data_dir = Path(folder)
        dataset = market(data_dir, rows)
        gc.freeze()
        figures: dict[str, Any] = {"data": dataset.manifest.venue, "empty_call_ns": call_ns()}
        for fill in ("same_close", "next_open"):
            definition = define(data_dir, load_config(example, overrides=[f"venue.fill={fill}"]), dataset, rows)
            figures[fill] = median(data_dir, definition)
        same = define(data_dir, load_config(example), dataset, rows)
        figures["observed"] = median(data_dir, same, timed=True)
        # the same features and model, crossing itself: no decision ever, so the difference is the orders'
        still = load_config(example, overrides=["strategy.model.slow=fast"])
        figures["no_orders"] = median(data_dir, define(data_dir, still, dataset, rows))
        figures["order_us"] = order_us(figures["same_close"], figures["no_orders"])
        tenth = rows // 10
        few = median(data_dir, define(data_dir, load_config(example), dataset, tenth))
        few_still = median(data_dir, define(data_dir, still, dataset, tenth))
        figures["order_us_first_tenth"] = order_us(few, few_still)
        figures["replay"] = replayed(data_dir, same)
        figures["whole_process"] = whole_process(data_dir, dataset.manifest.dataset)
        figures["whole_process"]["bars"] = dataset.manifest.rows
    return figures


def order_us(active: dict[str, float], still: dict[str, float]) -> float:
    """What one order costs, with its events and the fold that it closes, in microseconds of CPU."""
    return (active["cpu_s"] - still["cpu_s"]) / active["orders"] * 1e6


def show(figures: dict[str, Any]) -> None:
    """The figures for a person."""
    print(f"data: {figures['data']}; an empty Python call costs {figures['empty_call_ns']:.0f} ns here")
    for name in ("same_close", "next_open", "observed", "no_orders"):
        f = figures[name]
        rate, cpu_us = f["bars"] / f["wall_s"], f["cpu_s"] / f["bars"] * 1e6
        print(f"{name:12s} {rate:>10,.0f} bars/s  {cpu_us:5.2f} us/bar CPU  {f['events']:>8,.0f} events")
    first = figures["order_us_first_tenth"]
    print(f"an order: {figures['order_us']:.1f} us CPU; over the first tenth of the bars {first:.1f}")
    r = figures["replay"]
    rates = f"{r['records'] / r['wall_s']:,.0f} records/s, {r['bars'] / r['wall_s']:,.0f} bars/s"
    print(f"replay, every hash compared: {rates}")
    w = figures["whole_process"]
    print(f"whole process, {w['bars']:,} bars: {w['wall_s']:.2f} s wall, {w['cpu_s']:.2f} s CPU, {w['peak_mb']:.0f} MB")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    measured = measure(arguments.rows)
    print(json.dumps(measured)) if arguments.json else show(measured)

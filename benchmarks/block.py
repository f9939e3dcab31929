"""How fast a backtest is in block mode, and that its log is that of step mode.

    .venv/bin/python benchmarks/block.py [--rows 1000000] [--json]

The EMA cross of examples/ema_cross.toml (an order in 27 bars), the same without any order, and a gated mean reversion
that trades about a thousand times; every event encoded, chained and written. The rows are those of benchmarks/step.py,
and so are the figures beside: step mode in the same run. Quote ratios and medians: a busy machine slows all alike.
"""

import argparse
import gc
import json
import sys
import tempfile
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

from step import HERE, REPEATS, call_ns, define, market, watched

from service.backtest import backtest
from service.compose import compose
from service.config import load_config
from service.definition import RunDefinition, run_id
from service.features import Mode, engines_for
from service.log.file import FileLogStore
from service.loop import run
from service.runs import next_execution, runs_dir

EXAMPLES = HERE.parent / "examples"
CASES = {
    "EMA cross": ("ema_cross.toml", []),
    "no orders": ("ema_cross.toml", ["strategy.model.slow=fast"]),
    "gated, about 1,000 trades": (
        "mean_reversion.toml",
        ["strategy.gate.threshold=0.01", "strategy.model.entry=4.0", "strategy.filters.1.candles=240"],
    ),
}


def once(data_dir: Path, definition: RunDefinition, mode: Mode, rows: int) -> dict[str, Any]:
    """One execution into a file, as `candled backtest` does it."""
    composed = compose(definition, data_dir, make_engine=engines_for(mode, rows))
    execution = next_execution(data_dir, run_id(definition))
    started, cpu = perf_counter(), process_time()
    result = run(backtest(execution, composed, FileLogStore(runs_dir(data_dir)), mode=mode))
    spent = {"wall_s": perf_counter() - started, "cpu_s": process_time() - cpu}
    return spent | {"bars": result.candles, "orders": result.orders, "events": result.events, "head": result.log_head}


def median(data_dir: Path, definition: RunDefinition, mode: Mode, rows: int) -> dict[str, Any]:
    """The median execution by CPU time of several."""
    return sorted((once(data_dir, definition, mode, rows) for _ in range(REPEATS)), key=lambda r: r["cpu_s"])[2]


def measure(rows: int) -> dict[str, Any]:
    """Every figure, in one go."""
    with tempfile.TemporaryDirectory() as folder:
        data_dir = Path(folder)
        dataset = market(data_dir, rows)
        gc.freeze()
        figures: dict[str, Any] = {"data": dataset.manifest.venue, "empty_call_ns": call_ns(), "cases": {}}
        for name, (file, overrides) in CASES.items():
            definition = define(data_dir, load_config(EXAMPLES / file, overrides=overrides), dataset, rows)
            once(data_dir, definition, "block", rows)  # compiled code is loaded here, not in what is measured
            block, step = (median(data_dir, definition, mode, rows) for mode in ("block", "step"))
            assert block["head"] == step["head"], name
            figures["cases"][name] = {"block": block, "step": step}
        figures["whole_process"] = whole_process(data_dir, dataset.manifest.dataset)
        figures["whole_process"]["bars"] = dataset.manifest.rows
    return figures


def whole_process(data_dir: Path, dataset: str) -> dict[str, float]:
    """`candled backtest` in either mode from a cold shell, compiled code on disk: wall, CPU, peak memory; of three."""
    program = [str(Path(sys.executable).with_name("candled")), "backtest", str(EXAMPLES / "ema_cross.toml")]
    options = ["--dataset", dataset, "--data-dir", str(data_dir), "--json"]
    found: dict[str, float] = {}
    for mode in ("block", "step"):
        runs = sorted(watched([*program, *options, "--mode", mode]) for _ in range(3))
        found |= dict(zip((f"{mode}_wall_s", f"{mode}_cpu_s", f"{mode}_peak_mb"), runs[1], strict=True))
    return found


def show(figures: dict[str, Any]) -> None:
    """The figures for a person."""
    print(f"data: {figures['data']}; an empty Python call costs {figures['empty_call_ns']:.0f} ns here")
    for name, case in figures["cases"].items():
        rates = {mode: f["bars"] / f["wall_s"] for mode, f in case.items()}
        facts = f"{case['block']['orders']:,} orders, {case['block']['events']:,} records, heads equal"
        print(f"{name}: block {rates['block']:,.0f} bars/s, step {rates['step']:,.0f}; {facts}")
    w = figures["whole_process"]
    for mode in ("block", "step"):
        spent = f"{w[f'{mode}_wall_s']:.2f} s wall, {w[f'{mode}_cpu_s']:.2f} s CPU, {w[f'{mode}_peak_mb']:.0f} MB"
        print(f"whole process, {mode}, {w['bars']:,} bars: {spent}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    measured = measure(arguments.rows)
    print(json.dumps(measured)) if arguments.json else show(measured)

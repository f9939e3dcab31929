"""One fresh process that plans features, gets its code and takes its first candle: time and memory of a start.

python benchmarks/features_fresh.py SET NODES ENGINE       SET: usual, catalogue   ENGINE: plain, compiled, columns
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

BEGAN = perf_counter()
ROWS = 200
SELF = Path(__file__)


def peak_mb() -> float:
    """The most memory that this process ever held."""
    status = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024


def start(which: str, nodes: int, engine: str) -> dict[str, float]:
    """Everything from the imports to the first values, in seconds; the library's own imports come with the code."""
    from features_market import instrument, made
    from features_mix import catalogued, mix, plan_of

    symbol = "BTC/USDT"
    candles = made(symbol, ROWS)
    imported = perf_counter()
    features = mix(nodes)
    plan = catalogued(nodes)[1] if which == "catalogue" else plan_of(features, features)
    planned = perf_counter()
    step = _engine(engine, plan, instrument(symbol), candles)
    ready = perf_counter()
    step(candles[0])
    first = perf_counter()
    for candle in candles[1:]:
        step(candle)
    marks = (BEGAN, imported, planned, ready, first)
    names = ("import_s", "plan_s", "code_s", "first_s")
    spans = {name: b - a for name, a, b in zip(names, marks, marks[1:], strict=False)}
    return {**spans, "nodes": len(plan.nodes), "outputs": len(plan.names), "peak_mb": peak_mb()}


def _engine(engine: str, plan: Any, traded: Any, candles: Any) -> Any:
    """A function that takes a candle and reads all values."""
    if engine == "plain":
        from kernel.features.engine import PlainEngine

        made: Any = PlainEngine(plan, traded)
    elif engine == "compiled":
        from kernel.features.engine import CompiledEngine
        from service.compiled import compiled

        made = CompiledEngine(plan, traded, code=compiled(plan.tables.calls))
    else:
        return _columns(plan, traded, candles)

    def step(candle: Any) -> Any:
        made.update(candle)
        return made.emit()

    return step


def _columns(plan: Any, traded: Any, candles: Any) -> Any:
    """The same over a block of all candles, on the first one."""
    from features_work import block_of, columns_of

    made, block = columns_of(plan, traded), block_of(candles)
    return lambda candle: made.advance(block) if candle is candles[0] else None


def fresh(which: str, nodes: int, engine: str, cache: Path, times: int = 3) -> Mapping[str, float]:
    """The median of several such processes, with a folder for compiled code; CPU seconds of the whole process too."""
    runs = []
    for _ in range(times):
        before = os.times()
        environment = {**os.environ, "CANDLED_CACHE_DIR": str(cache)}
        command = [sys.executable, str(SELF), which, str(nodes), engine]
        started = perf_counter()
        printed = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout
        wall_s, after = perf_counter() - started, os.times()
        cpu_s = after.children_user + after.children_system - before.children_user - before.children_system
        runs.append({**json.loads(printed), "process_s": wall_s, "process_cpu_s": cpu_s})
    return {name: median(run[name] for run in runs) for name in runs[0]}


def cold_and_warm(which: str, nodes: int, engine: str, cold_times: int) -> dict[str, Mapping[str, float]]:
    """With an empty folder for compiled code, a new one each time; and with a filled one."""
    cold = []
    for _ in range(cold_times):
        with tempfile.TemporaryDirectory() as folder:
            cold.append(fresh(which, nodes, engine, Path(folder), times=1))
            warm = fresh(which, nodes, engine, Path(folder))
    return {"cold": {name: median(run[name] for run in cold) for name in cold[0]}, "warm": warm}


if __name__ == "__main__":
    print(json.dumps(start(sys.argv[1], int(sys.argv[2]), sys.argv[3])))

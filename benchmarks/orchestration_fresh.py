"""One fresh process of one way: its cold start, and its peak memory after 500 candles.

python benchmarks/orchestration_fresh.py WAY NODES
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from statistics import median
from time import perf_counter

from features_fresh import peak_mb

BEGAN = perf_counter()
SELF = Path(__file__)
ROWS, WARM = 500, 4
WAYS = ("dossier", "hamilton", "plain", "compiled", "columns")


def start(way: str, nodes: int) -> dict[str, float]:
    """Seconds of the imports, of building what runs, and of the first candle; here the gate lets all pass."""
    from features_market import instrument, made
    from orchestration_work import make_case

    candles = made("BTC/USDC", ROWS + WARM)
    case = make_case(nodes, instrument("BTC/USDC"), candles[:WARM], 0.001, gated=False)
    prepared = perf_counter()
    make = imported(way)
    loaded = perf_counter()
    step = make(case, candles[WARM:])
    built = perf_counter()
    step(candles[WARM])
    first = perf_counter()
    for candle in candles[WARM + 1 :]:
        step(candle)
    spans = {"import_s": loaded - prepared, "build_s": built - loaded, "first_s": first - built}
    return {**spans, "peak_mb": peak_mb()}


def imported(way: str) -> Callable:
    """The maker of a way; whatever it needs is imported on the way."""
    if way == "hamilton":
        from orchestration_hamilton import two_executes

        import_module("hamilton.driver")
        import_module("hamilton.ad_hoc_utils")
        return lambda case, _candles: two_executes(case)
    import orchestration_ways

    if way == "columns":
        return lambda case, candles: once(orchestration_ways.columns(case, candles))
    make = getattr(orchestration_ways, way)
    return lambda case, _candles: make(case)


def once(whole: Callable) -> Callable:
    """The block is run on the first candle."""
    done = []
    return lambda _candle: done or done.append(whole())


def fresh(way: str, nodes: int, cache: Path, times: int) -> dict[str, float]:
    """The median of several processes."""
    environment = os.environ | {
        "CANDLED_CACHE_DIR": str(cache), "HAMILTON_TELEMETRY_ENABLED": "false", "HAMILTON_AUTOLOAD_EXTENSIONS": "0",
    }  # fmt: skip
    runs = []
    for _ in range(times):
        before, began = os.times(), perf_counter()
        command = [sys.executable, str(SELF), way, str(nodes)]
        done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
        wall_s, after = perf_counter() - began, os.times()
        cpu_s = after.children_user + after.children_system - before.children_user - before.children_system
        runs.append({**json.loads(done.stdout), "process_s": wall_s, "process_cpu_s": cpu_s})
    return {name: median(run[name] for run in runs) for name in runs[0]}


def starts(nodes: int) -> dict[str, dict[str, float]]:
    """Every way; the compiled ones with nothing compiled beforehand, and with everything."""
    found = {}
    for way in WAYS:
        with tempfile.TemporaryDirectory() as folder:
            first = fresh(way, nodes, Path(folder), 1)
            if way in {"compiled", "columns"}:
                found[f"{way}, nothing compiled yet"] = first
            found[way] = fresh(way, nodes, Path(folder), 5)
    return found


if __name__ == "__main__":
    print(json.dumps(start(sys.argv[1], int(sys.argv[2]))))

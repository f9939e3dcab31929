"""Hamilton's parallel executors in a batch: independent branches on 1h and 6h bars, against one after the other.

A branch makes bars of a million minutes and puts 300 pandas columns beside them. All five ways give the same sums.
"""

import os
from collections.abc import Callable
from statistics import median
from time import perf_counter, process_time
from typing import Any

import numpy as np

os.environ |= {"HAMILTON_TELEMETRY_ENABLED": "false", "HAMILTON_AUTOLOAD_EXTENSIONS": "0"}

MINUTES = 1_000_000
LENGTHS = {"1h": 60, "6h": 360}
PERIODS = range(5, 155, 3)


def market() -> dict[str, Any]:
    """A random walk in minutes: speed does not depend on whose prices they are."""
    walk = np.cumsum(np.random.default_rng(7).normal(0.0, 10.0, MINUTES)) + 50_000.0
    return {"high": walk + 5.0, "low": walk - 5.0, "close": walk}


def branch(minutes: dict[str, Any], length: int) -> float:
    """Bars, and the sum of all indicators' last values."""
    import pandas as pd

    starts = np.arange(0, MINUTES, length)
    close = pd.Series(minutes["close"][np.minimum(starts + length, MINUTES) - 1])
    high = pd.Series(np.maximum.reduceat(minutes["high"], starts))
    low = pd.Series(np.minimum.reduceat(minutes["low"], starts))
    total = 0.0
    for period in PERIODS:
        total += close.ewm(span=period, adjust=False).mean().iloc[-1]
        total += close.rolling(period).std().iloc[-1]
        total += high.rolling(period).max().iloc[-1] - low.rolling(period).min().iloc[-1]
        total += close.diff(period).iloc[-1]
        total += close.rolling(period).quantile(0.5).iloc[-1]
    return float(total)


def hour(minutes: dict) -> float:
    return branch(minutes, LENGTHS["1h"])


def six_hours(minutes: dict) -> float:
    return branch(minutes, LENGTHS["6h"])


def total(hour: float, six_hours: float) -> float:
    return hour + six_hours


def drivers() -> dict[str, Callable[[dict[str, Any]], float]]:
    """Each a function of the minutes."""
    from hamilton import ad_hoc_utils, driver
    from hamilton.execution.executors import MultiThreadingExecutor, SynchronousLocalTaskExecutor
    from hamilton.plugins.h_threadpool import FutureAdapter

    plain = ad_hoc_utils.create_temporary_module(hour, six_hours, total)
    tasks = ad_hoc_utils.create_temporary_module(*parallel_nodes())
    builders = {
        "one after the other": driver.Builder().with_modules(plain),
        "FutureAdapter, 2 threads": driver.Builder().with_modules(plain).with_adapters(FutureAdapter(max_workers=2)),
        "tasks, one after the other": dynamic(driver.Builder().with_modules(tasks), SynchronousLocalTaskExecutor()),
        "tasks, 2 threads": dynamic(driver.Builder().with_modules(tasks), MultiThreadingExecutor(max_tasks=2)),
    }

    def runs(built: Any) -> Callable[[dict[str, Any]], float]:
        return lambda minutes: built.execute(["total"], inputs={"minutes": minutes})["total"]

    by_hand = {"two calls, no Hamilton": lambda minutes: total(hour(minutes), six_hours(minutes))}
    return {**by_hand, **{name: runs(builder.build()) for name, builder in builders.items()}}


def parallel_nodes() -> list[Callable[..., Any]]:
    """The same as tasks: one a timeframe."""
    from hamilton.htypes import Collect, Parallelizable

    def timeframe() -> Parallelizable[str]:
        yield from LENGTHS

    def one(timeframe: str, minutes: dict) -> float:
        return branch(minutes, LENGTHS[timeframe])

    def total(one: Collect[float]) -> float:
        return float(sum(one))

    return [timeframe, one, total]


def dynamic(builder: Any, remote: Any) -> Any:
    from hamilton.execution.executors import SynchronousLocalTaskExecutor

    builder = builder.enable_dynamic_execution(allow_experimental_mode=True)
    return builder.with_local_executor(SynchronousLocalTaskExecutor()).with_remote_executor(remote)


def measure(times: int = 5) -> dict[str, Any]:
    """Median wall and CPU seconds; every driver in turn, so that what else the machine does falls on all."""
    minutes, ways = market(), drivers()
    sums = {name: run(minutes) for name, run in ways.items()}
    expected = sums["two calls, no Hamilton"]
    if any(found != expected for found in sums.values()):
        raise AssertionError(f"other sums: {sums}")
    spent: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for _ in range(times):
        for name, run in ways.items():
            wall, cpu = perf_counter(), process_time()
            run(minutes)
            spent[name].append((perf_counter() - wall, process_time() - cpu))
    alone = {name: timed(lambda length=length: branch(minutes, length), times) for name, length in LENGTHS.items()}
    medians = {
        name: {"wall_s": median(w for w, _ in found), "cpu_s": median(c for _, c in found)}
        for name, found in spent.items()
    }
    return {"drivers": medians, "branch_s": alone, "load": os.getloadavg()[0]}


def timed(call: Callable[[], object], times: int) -> float:
    found = []
    for _ in range(times):
        started = process_time()
        call()
        found.append(process_time() - started)
    return median(found)

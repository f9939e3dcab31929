"""What the daemon's benchmarks run on: markets, plans, and a daemon's core in this process with somebody who looks."""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from prometheus_client import CollectorRegistry

from kernel.timeframe import parse_time, timeframe_ns
from research.importing.candles import Facts, Market, Numbers, candles_of
from research.importing.promote import promote_candles
from service.config import load_config
from service.daemon.clock import market_clock
from service.daemon.engine import Engine
from service.daemon.health import Health
from service.daemon.market import market_of, play
from service.daemon.plan import Asked, Plan, make_plan
from service.log.snapshots import SnapshotStore
from service.log.store import LogStore
from service.metrics.runtime import RuntimeMetrics
from venues.dataset import Source

PAPER = Path(__file__).resolve().parent.parent / "examples" / "paper.toml"
RICH = "account.cash=1000000000"  # for years of fees
Look = Callable[[Engine], Awaitable[None]]


class Recorder:
    """Keeps what it is told: a histogram's place, with every figure in it."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def observe(self, seconds: float) -> None:
        self.seconds.append(seconds)

    def percentile_ms(self, percent: float) -> float:
        return float(np.percentile(self.seconds or [0.0], percent)) * 1e3


def saw(data_dir: Path, symbol: str, rows: int) -> str:
    """A market that goes up and down by one percent in turn; gives the dataset's id."""
    step = timeframe_ns("1m")
    times = parse_time("2020-01-01") + np.arange(rows, dtype=np.int64) * step
    closes = np.where(np.arange(rows) % 2, 10_100, 10_000)
    opens = np.concatenate(([10_000], closes[:-1]))
    prices = (opens, np.maximum(opens, closes), np.minimum(opens, closes), closes)
    source = Source(file="a saw", sha256="0" * 64, format="synthetic", rows=rows)
    facts = Facts(
        market=Market("synthetic", symbol, "1m"),
        sources=(source,),
        now_ns=int(times[-1]) + 2 * step,
        last_candle="finished",
    )
    columns = tuple(Numbers(column.astype(np.int64), 2) for column in prices)
    volumes = Numbers(np.full(rows, 10**9, dtype=np.int64), 5)
    return promote_candles(data_dir, candles_of(times, columns, volumes), facts)[0].dataset


def plan_of(
    data_dir: Path, config: Path, datasets: Sequence[str], *, stream: str, speed: float | None, settings: Sequence[str]
) -> Plan:
    """As `candled run` makes it."""
    asked = Asked(stream, datasets, beside=config.parent, speed=speed, exit_at_end=True)
    return make_plan(data_dir, load_config(config, overrides=settings), asked)


def timed_metrics() -> RuntimeMetrics:
    """With every figure of three histograms."""
    metrics = RuntimeMetrics(CollectorRegistry())
    metrics.candle_to_order_s, metrics.commit_s, metrics.commit_records = Recorder(), Recorder(), Recorder()
    return metrics


async def lived(
    plan: Plan,
    store: LogStore,
    *,
    snapshots: SnapshotStore | None,
    metrics: RuntimeMetrics,
    looks: Mapping[int, Look],
) -> Engine:
    """A daemon's core to its market's end; what is to be seen behind a record is looked at between turns."""
    writer, waiting = await store.open(plan.stream), dict(looks)
    try:
        engine = Engine(plan, writer, snapshots, health=Health(), metrics=metrics, now_ns=lambda: 0)

        def due(_first: int, _entries: Any) -> None:
            for seq in [seq for seq in waiting if seq <= engine.journal.head.seq]:
                engine.trader.inbox.ask(partial(waiting.pop(seq), engine))

        engine.journal.listeners.append(due)
        async with asyncio.TaskGroup() as group:
            parts = [group.create_task(engine.journal.write())]
            await engine.recover(store)
            feed, rules = market_of(plan, engine.kernel, market_clock(plan.prepared.composed.opening.ts, plan.speed))
            parts.append(group.create_task(engine.trader.run()))
            parts.append(group.create_task(play(feed, rules, engine.trader, lambda _: None)))
            await engine.trader.ended.wait()
            for part in parts:
                part.cancel()
        return engine
    finally:
        await writer.close()


def resident_mb(pid: int | str = "self") -> float:
    """Memory of a process."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


class Clocks:
    """Wall and CPU seconds of this process since it was made."""

    def __init__(self) -> None:
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def spent(self) -> dict[str, float]:
        return {"wall_s": time.perf_counter() - self._wall, "cpu_s": time.process_time() - self._cpu}

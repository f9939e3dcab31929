"""The daemon on the embedded PostgreSQL: a minute of 500 markets, how much it takes, and how fast it is back.

    .venv/bin/python benchmarks/daemon.py [--symbols 500] [--minutes 30] [--json]

Burst: markets that all close at the same moment, each with an order at every candle; from the candles' arrival until
each order is durable and has reached the venue. Once with a venue that answers later (50 ms), where an instant's
requests go out together, and once with one that answers at once, whose answers are turned one after the other.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from orders import STRATEGY
from prometheus_client import CollectorRegistry

from kernel.timeframe import parse_time, timeframe_ns
from research.importing.candles import Facts, Market, Numbers, candles_of
from research.importing.promote import promote_candles
from service.config import load_config
from service.daemon.plan import Plan, make_plan
from service.daemon.played import played
from service.database.connect import database
from service.definition import Window
from service.log.postgres import PostgresLogStore
from service.loop import run
from service.metrics.runtime import RuntimeMetrics
from venues.dataset import Source

VENUES = {
    "answers after 50 ms": ("venue.latency_ms=50", "venue.fill=next_open"),
    "answers at once": ("venue.fill=same_close",),
}


class Recorder:
    """Keeps what it is told: a histogram's place, with every figure in it."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def observe(self, seconds: float) -> None:
        self.seconds.append(seconds)


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


def burst(symbols: int, minutes: int) -> dict[str, Any]:
    """Milliseconds from candle to order, by venue."""
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        data_dir = Path(folder)
        config = data_dir / "turning.toml"
        config.write_text(STRATEGY.replace("EXITS", ""))
        ids = [saw(data_dir, f"S{number:03d}/USDT", minutes) for number in range(symbols)]
        for name, settings in VENUES.items():
            plan = make_plan(
                data_dir, load_config(config, overrides=settings), stream=name.replace(" ", "-"), datasets=ids,
                window=Window(), beside=data_dir, rules_file=None, speed=60.0, exit_at_end=True,
            )  # fmt: skip
            found[name] = run(one(plan))
    return found


async def one(plan: Plan) -> dict[str, Any]:
    metrics = RuntimeMetrics(CollectorRegistry())
    metrics.candle_to_order_s = Recorder()
    metrics.commit_s = Recorder()
    metrics.commit_records = Recorder()
    async with database(plan.data_dir, None) as server:
        store = PostgresLogStore(server)
        result = await played(plan, store, metrics=metrics)
        await store.close()
    seen = np.array(metrics.candle_to_order_s.seconds) * 1e3
    return {
        "orders": result.orders,
        "p50_ms": float(np.percentile(seen, 50)),
        "p99_ms": float(np.percentile(seen, 99)),
        "max_ms": float(seen.max()),
        "commits": len(metrics.commit_s.seconds),
        "commit_p50_ms": float(np.percentile(metrics.commit_s.seconds, 50) * 1e3),
        "commit_p99_ms": float(np.percentile(metrics.commit_s.seconds, 99) * 1e3),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--symbols", type=int, default=500)
    parser.add_argument("--minutes", type=int, default=30)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = {"burst": burst(options.symbols, options.minutes)}
    if options.json:
        print(json.dumps(found))
        return
    for name, f in found["burst"].items():
        print(
            f"{options.symbols} markets in a minute, venue {name}: p50 {f['p50_ms']:.1f} ms, p99 {f['p99_ms']:.1f} ms, "
            f"longest {f['max_ms']:.1f} ms ({f['orders']:,} orders, {f['commits']:,} commits)"
        )


if __name__ == "__main__":
    sys.exit(main())

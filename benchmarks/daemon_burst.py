"""Markets that all close at the same moment, each with an order at every candle: until each order is at the venue.

Each order is durable by then. Once with a venue that answers later (50 ms), where an instant's requests go out
together, and once with one that answers at once, whose answers are turned one after the other.
"""

import tempfile
from pathlib import Path
from typing import Any

from daemon_markets import Clocks, lived, plan_of, saw, timed_metrics
from orders import STRATEGY

from service.daemon.plan import Plan
from service.database.connect import database
from service.log.postgres import PostgresLogStore
from service.loop import run

VENUES = {
    "answers after 50 ms": ("venue.latency_ms=50", "venue.fill=next_open"),
    "answers at once": ("venue.fill=same_close",),
}


def burst(symbols: int, minutes: int) -> dict[str, Any]:
    """Milliseconds from candle to order, by venue."""
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="cd-") as folder:
        data_dir = Path(folder)
        config = data_dir / "turning.toml"
        config.write_text(STRATEGY.replace("EXITS", ""))
        ids = [saw(data_dir, f"S{number:03d}/USDT", minutes) for number in range(symbols)]
        for name, settings in VENUES.items():
            stream = name.replace(" ", "-")
            found[name] = run(_one(plan_of(data_dir, config, ids, stream=stream, speed=20.0, settings=settings)))
    return found


async def _one(plan: Plan) -> dict[str, Any]:
    metrics = timed_metrics()
    async with database(plan.data_dir, None) as server:
        store, clocks = PostgresLogStore(server), Clocks()
        engine = await lived(plan, store, snapshots=None, metrics=metrics, looks={})
        spent = clocks.spent()
        await store.close()
    seen, commits = metrics.candle_to_order_s, metrics.commit_s
    return spent | {
        "orders": engine.journal.tally.counts["OrderRequested"],
        "p50_ms": seen.percentile_ms(50),
        "p99_ms": seen.percentile_ms(99),
        "max_ms": seen.percentile_ms(100),
        "commits": len(commits.seconds),
        "commit_p50_ms": commits.percentile_ms(50),
        "commit_p99_ms": commits.percentile_ms(99),
    }


def lines(found: dict[str, Any]) -> list[str]:
    """For a person."""
    return [
        f"burst, venue {name}: candle to order p50 {f['p50_ms']:.1f} ms, p99 {f['p99_ms']:.1f} ms, longest"
        f" {f['max_ms']:.1f} ms; {f['orders']:,} orders in {f['commits']:,} commits (p50 {f['commit_p50_ms']:.1f} ms,"
        f" p99 {f['commit_p99_ms']:.1f} ms), {f['cpu_s']:.1f} s CPU"
        for name, f in found.items()
    ]

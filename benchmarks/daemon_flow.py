"""A long market through the daemon at full speed, and back from its log; what grows with history is seen on the way.

The same market as a backtest stands beside it. Recovery is measured from the first record, from a snapshot that is
some way back, and from one at the log's end.
"""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

from daemon_markets import PAPER, RICH, Clocks, lived, plan_of, resident_mb, timed_metrics
from prometheus_client import CollectorRegistry

from research.sample_market import make_sample_market
from service.backtest import backtest
from service.compose import compose
from service.daemon import snapshots as content
from service.daemon.engine import Engine
from service.daemon.health import Health
from service.daemon.plan import Plan
from service.database.connect import Database, database
from service.log.file import FileLogStore
from service.log.postgres import PostgresLogStore
from service.log.snapshots import SnapshotStore
from service.log.verify import verify
from service.metrics.exposition import exposition
from service.runs import next_execution, runs_dir

STREAM = "long"
BACK = 100_000  # records behind a snapshot: the most that there are by the example's settings


def long_plan(data_dir: Path, rows: int) -> Plan:
    """A synthetic market's minutes, and the example's strategy."""
    dataset = make_sample_market(data_dir, rows=rows).dataset
    return plan_of(data_dir, PAPER, [dataset], stream=STREAM, speed=None, settings=[RICH])


async def flow(data_dir: Path, rows: int) -> dict[str, Any]:
    """Every figure; leaves the stream and its snapshots in `data_dir`."""
    plan = long_plan(data_dir, rows)
    found: dict[str, Any] = {"backtest": await _backtest(plan)}
    async with database(data_dir, None) as server:
        found["sustained"], found["history"] = await _sustained(plan, server, rows)
        found["recovery"] = await _recovery(plan, server)
    return found


async def _backtest(plan: Plan) -> dict[str, float]:
    composed = compose(plan.definition, plan.data_dir)
    execution, clocks = next_execution(plan.data_dir, plan.run), Clocks()
    result = await backtest(execution, composed, FileLogStore(runs_dir(plan.data_dir)))
    return clocks.spent() | {"messages": result.candles, "records": result.events}


async def _sustained(plan: Plan, server: Database, rows: int) -> tuple[dict[str, float], list[dict[str, float]]]:
    history: list[dict[str, float]] = []

    async def look(engine: Engine) -> None:
        history.append(await _seen(engine))

    async def keep(engine: Engine) -> None:
        await engine.keep()

    store, metrics, clocks = PostgresLogStore(server), timed_metrics(), Clocks()
    looks = {rows // 20: look, rows - BACK: keep} if rows > BACK else {rows // 20: keep}
    engine = await lived(plan, store, snapshots=SnapshotStore(server), metrics=metrics, looks=looks)
    spent = clocks.spent()
    await look(engine)
    await store.close()
    messages = engine.kernel.state.ordinal
    return spent | {
        "messages": messages,
        "records": engine.journal.head.seq,
        "orders": engine.journal.tally.counts["OrderRequested"],
        "commits": len(metrics.commit_s.seconds),
        "commit_p50_ms": metrics.commit_s.percentile_ms(50),
        "commit_p99_ms": metrics.commit_s.percentile_ms(99),
    }, history


async def _seen(engine: Engine) -> dict[str, float]:
    """What may not grow with the log: memory, a snapshot, the page of metrics."""
    started = perf_counter()
    taken = content.take(engine.session, engine.venue, engine.journal.tally, engine.keys, engine.domain)
    snapshot_s, started = perf_counter() - started, perf_counter()
    registry = CollectorRegistry()
    registry.register(engine.figures)
    page = await exposition(registry)
    return {
        "records": engine.journal.head.seq,
        "resident_mb": resident_mb(),
        "snapshot_bytes": len(taken),
        "snapshot_ms": snapshot_s * 1e3,
        "page_bytes": len(page),
        "page_ms": (perf_counter() - started) * 1e3,
    }


async def _recovery(plan: Plan, server: Database) -> dict[str, Any]:
    store = PostgresLogStore(server)
    head, started = await store.head(STREAM), perf_counter()
    async for _ in store.records(STREAM):
        pass
    read_s, started = perf_counter() - started, perf_counter()
    verdict = await verify(store, STREAM, anchor=head, ended=True)
    if not verdict.ok:
        raise SystemExit(f"the benchmark's own log is not whole: {verdict.reason}")
    found: dict[str, Any] = {"records": head.seq, "read_s": read_s, "read_and_verify_s": perf_counter() - started}
    snapshots = SnapshotStore(server)
    found["from the first record"] = await _recovered(plan, store, None)
    found["from a snapshot"] = await _recovered(plan, store, snapshots)
    found["from a snapshot at the end"] = await _recovered(plan, store, snapshots, keep=True)
    await store.close()
    return found


async def _recovered(plan: Plan, store: PostgresLogStore, kept: SnapshotStore | None, *, keep: bool = False) -> Any:
    """Seconds from nothing to where the log ends; with `keep`, a snapshot is made there, and it is done again."""
    fresh = _fresh(plan)
    writer = await store.open(STREAM)
    try:
        engine = Engine(fresh, writer, kept, health=Health(), metrics=timed_metrics(), now_ns=lambda: 0)
        clocks = Clocks()
        writing = asyncio.create_task(engine.journal.write())
        records = await engine.recover(store)
        found = clocks.spent() | {"records": records}
        if keep:
            await engine.keep()
        writing.cancel()
        await asyncio.wait([writing])
    finally:
        await writer.close()
    return await _recovered(plan, store, kept) if keep else found


def _fresh(plan: Plan) -> Plan:
    """The same plan with a kernel and a venue that know nothing yet."""
    return plan_of(
        plan.data_dir, PAPER, [m.dataset for m in plan.definition.markets], stream=STREAM, speed=None, settings=[RICH]
    )


def lines(found: dict[str, Any]) -> Sequence[str]:
    """For a person."""
    told = []
    for name in ("backtest", "sustained"):
        f = found[name]
        told.append(
            f"{name}: {f['messages']:,} candles, {f['messages'] / f['wall_s']:,.0f} a second,"
            f" {f['cpu_s'] / f['messages'] * 1e6:.1f} us CPU each; {f['records']:,} records"
            + (f" in {f['commits']:,} commits, {f['orders']:,} orders" if "commits" in f else "")
        )
    told += [
        f"at record {seen['records']:,}: {seen['resident_mb']:.0f} MB, a snapshot {seen['snapshot_bytes'] / 1e3:.0f} KB"
        f" in {seen['snapshot_ms']:.1f} ms, the metrics {seen['page_ms']:.1f} ms"
        for seen in found["history"]
    ]
    r = found["recovery"]
    told.append(
        f"recovery of {r['records']:,} records: reading {r['read_s']:.1f} s, reading and verifying"
        f" {r['read_and_verify_s']:.1f} s"
    )
    for name in [name for name in r if name.startswith("from ")]:
        f = r[name]
        told.append(f"  {name}: {f['wall_s']:.2f} s, {f['cpu_s']:.2f} s CPU, {f['records']:,} records made again")
    return told

"""How fast records become durable: into PostgreSQL by batch size, into a file, and how fast a log is proven.

    python benchmarks/append.py [--database-url URL] [--records N] [--json]

Without a URL it uses an embedded server in a temporary directory; with one, a database of a superuser's, and leaves its
streams there. The records are those of a strategy that trades: five in seven move a projection.
The guard's cost is that of the same COPY by a superuser who switches the triggers off.
"""

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from decimal import Decimal
from pathlib import Path
from typing import Any

import asyncpg

from kernel.events import CandlesSkipped, DecisionMade, EquityMarked, OrderRequested, PositionChanged
from kernel.messages import OrderAccepted, OrderFilled
from service import loop
from service.database.connect import Database, database
from service.embedded.client import join
from service.log.file import FileLogStore
from service.log.postgres import PostgresLogStore
from service.log.record import Chain, Record
from service.log.store import LogStore
from service.log.verify import verify

BATCHES = (1, 10, 100, 1_000, 10_000)
COMMITS = 400  # of each batch size at the most: enough for a p99
COPIES = 20
COPY_ROWS = 1_500
DIGEST = "ab" * 32


def entries(records: int) -> list[Any]:
    """What an EMA cross writes around each of its orders."""
    made: list[Any] = []
    cash, fee = Decimal(100_000_000), Decimal("42.00001")
    for order in range(1, records // 7 + 2):
        ts, candle = order * 27 * 60_000_000_000, order * 27
        price = Decimal(4_200_001 + order % 100_000).scaleb(-2)
        held = Decimal(order % 2)
        made += (
            CandlesSkipped(ts, "ema", candle - 26, candle - 1, {"target_unchanged": 26}, DIGEST),
            DecisionMade(ts, "ema", "BTC/USDT", candle, DIGEST, 1, 1.0, DIGEST, held),
            OrderRequested(ts, "ema", "BTC/USDT", candle, order, "buy", "market", Decimal(1)),
            OrderAccepted(ts, candle, order, f"sim-{order}"),
            OrderFilled(ts, candle, order, f"{order}-1", price, Decimal(1), fee, "USDT"),
            PositionChanged(ts, "ema", "BTC/USDT", order, held, price, fee, fee, "USDT", held, cash),
            EquityMarked(ts, "fill", "USDT", cash, cash),
        )
    return made[:records]


async def appended(store: LogStore, name: str, written: Sequence[Record], batch: int) -> list[float]:
    """Seconds that each append of `batch` records took, in a stream of its own."""
    writer = await store.open(name)
    taken = []
    for start in range(0, len(written), batch):
        began = time.perf_counter()
        await writer.append(written[start : start + batch])
        taken.append(time.perf_counter() - began)
    await writer.close()
    return taken


async def into_postgres(server: Database, written: Sequence[Record]) -> list[dict[str, float]]:
    """Events per second and commit latency by batch size."""
    store = PostgresLogStore(server)
    name = f"benchmark-{os.getpid()}-{time.time_ns()}"
    await appended(store, f"{name}-warm", written[:2_000], 100)
    rows = []
    for batch in BATCHES:
        part = written[: batch * COMMITS]
        taken = await appended(store, f"{name}-{batch}", part, batch)
        rows.append(
            {
                "batch": batch,
                "events_per_s": round(len(part) / sum(taken)),
                "commit_p50_ms": round(statistics.median(taken) * 1e3, 3),
                "commit_p99_ms": round(sorted(taken)[max(0, round(len(taken) * 0.99) - 1)] * 1e3, 3),
            }
        )
    await store.close()
    return rows


async def guard(admin_url: str, written: Sequence[Record]) -> dict[str, float]:
    """Milliseconds of a COPY of 1,500 rows, guarded and past the guard, into streams of the same table in turn."""
    connection = await asyncpg.connect(admin_url)
    columns = ("stream_id", "seq", "epoch", "type", "schema_version", "ts", "payload", "prev_hash", "hash")
    taken: dict[str, list[float]] = {"origin": [], "replica": []}
    try:
        name = f"benchmark-guard-{time.time_ns()}"
        streams = {
            role: await connection.fetchval("SELECT stream FROM candled.take_lease($1, 'benchmark')", f"{name}-{role}")
            for role in taken
        }
        previous = bytes(32)
        for start in range(0, min(len(written), COPY_ROWS * COPIES), COPY_ROWS):
            batch = written[start : start + COPY_ROWS]
            links = [previous, *(record.hash for record in batch)]
            previous = links[-1]
            for role, stream in streams.items():
                await connection.execute(f"SET session_replication_role = {role}")
                rows = [(stream, *record[:6], link, record.hash) for record, link in zip(batch, links, strict=False)]
                began = time.perf_counter()
                await connection.copy_records_to_table("events", schema_name="candled", columns=columns, records=rows)
                taken[role].append(time.perf_counter() - began)
    finally:
        await connection.close()
    guarded, bare = (round(statistics.median(times) * 1e3, 2) for times in taken.values())
    return {"guarded_ms": guarded, "bare_ms": bare}


async def proven(store: LogStore, name: str) -> int:
    """Records per second of a verification that finds nothing."""
    began = time.perf_counter()
    verdict = await verify(store, name, anchor=await store.head(name), ended=True)
    if not verdict.ok:
        raise SystemExit(f"the benchmark's own log is not whole: {verdict.reason}")
    return round(verdict.records / (time.perf_counter() - began))


async def into_file(written: Sequence[Record], directory: Path) -> dict[str, float]:
    """Appending in batches of 1,024, closing included, and proving it."""
    store = FileLogStore(directory)
    began = time.perf_counter()
    await appended(store, "run/1", written, 1_024)
    seconds = time.perf_counter() - began
    size = (directory / "run" / "1" / "log.zst").stat().st_size
    return {
        "records": len(written),
        "append_s": round(seconds, 3),
        "events_per_s": round(len(written) / seconds),
        "bytes_per_record": round(size / len(written), 1),
        "verify_per_s": await proven(store, "run/1"),
    }


async def measure(url: str | None, records: int) -> dict[str, Any]:
    written = Chain(epoch=1).extend(entries(records))
    with tempfile.TemporaryDirectory(prefix="cd-") as directory, ExitStack() as stack:
        here = Path(directory)
        admin_url = url or stack.enter_context(join(here)).url("candled_admin")
        async with database(here, admin_url, admin_url=admin_url) as server:
            async with server.session() as connection:
                version = await connection.fetchval("SHOW server_version")
            postgres = await into_postgres(server, written)
            guarded = await guard(admin_url, written)
            store, name = PostgresLogStore(server), f"benchmark-verify-{time.time_ns()}"
            await appended(store, name, written[:100_000], 10_000)
            postgres_verified = await proven(store, name)
        file = await into_file(written, here / "runs")
    return {
        "machine": f"{os.cpu_count()} cores, Python {platform.python_version()}, PostgreSQL {version}",
        "postgres": postgres,
        "postgres_verify_per_s": postgres_verified,
        "guard_per_1500_rows": guarded,
        "file": file,
    }


def show(result: dict[str, Any]) -> None:
    print(result["machine"])
    print(f"\n{'batch':>7} {'events/s':>10} {'commit p50':>12} {'p99':>10}")
    for row in result["postgres"]:
        print(
            f"{row['batch']:>7,} {row['events_per_s']:>10,} {row['commit_p50_ms']:>9.2f} ms"
            f" {row['commit_p99_ms']:>7.2f} ms"
        )
    guarded = result["guard_per_1500_rows"]
    print(f"\nCOPY of 1,500 rows: {guarded['guarded_ms']} ms guarded, {guarded['bare_ms']} ms bare")
    print(f"PostgreSQL verify: {result['postgres_verify_per_s']:,} records/s")
    file = result["file"]
    print(
        f"file: {file['records']:,} records in {file['append_s']} s ({file['events_per_s']:,}/s),"
        f" {file['bytes_per_record']} bytes each; verify {file['verify_per_s']:,} records/s"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="How fast records become durable.")
    parser.add_argument("--database-url", default=os.environ.get("CANDLED_DATABASE__URL"))
    parser.add_argument("--records", type=int, default=265_000)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    result = loop.run(measure(arguments.database_url, arguments.records))
    if arguments.json:
        json.dump(result, sys.stdout)
        print()
    else:
        show(result)


if __name__ == "__main__":
    main()

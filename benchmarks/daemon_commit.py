"""What an order's turns cost in commits: round trips to the server, time and CPU, with few orders in the log and many.

Round trips are counted on the wire, by a proxy, in commits of their own: that number is the same on every machine.
"""

import asyncio
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit, urlunsplit

import numpy as np
from append import entries

from service.database.connect import Database, database
from service.log.postgres import PostgresLogStore
from service.log.record import Chain

TIMED = 300  # orders
PARTS = {"request": slice(0, 3), "answer and fill": slice(3, 7)}  # of the seven entries of an order


class Wire:
    """A proxy that counts how often the client waits for the server: each turn of the talk from one to the other."""

    def __init__(self, url: str, directory: str) -> None:
        parts = urlsplit(url)
        self._there = f"{parse_qs(parts.query)['host'][0]}/.s.PGSQL.5432"
        self.url = urlunsplit(parts._replace(netloc=f"{parts.netloc.rpartition('@')[0]}@", query=f"host={directory}"))
        self.trips = 0
        self._asks = False

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there = await asyncio.open_unix_connection(self._there)
        back = asyncio.create_task(self._answers(there[0], writer))
        while chunk := await reader.read(1 << 20):
            self.trips += not self._asks
            self._asks = True
            there[1].write(chunk)
        there[1].close()
        await back

    async def _answers(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while chunk := await reader.read(1 << 20):
            self._asks = False
            writer.write(chunk)
        writer.close()


@asynccontextmanager
async def wire_to(url: str) -> AsyncIterator[Wire]:
    """A wire to an embedded server."""
    directory = tempfile.mkdtemp(prefix="cd-")
    wire = Wire(url, directory)
    server = await asyncio.start_unix_server(wire.serve, f"{directory}/.s.PGSQL.5432")
    try:
        yield wire
    finally:
        server.close()
        shutil.rmtree(directory)


async def commits(orders: Sequence[int]) -> dict[str, Any]:
    """By the number of orders before: milliseconds of a commit, and CPU of this process."""
    with tempfile.TemporaryDirectory(prefix="cd-") as folder:
        async with database(Path(folder), None) as server:
            found: dict[str, Any] = {"round trips": await _trips(server)}
            for many in orders:
                found[f"{many:,} orders"] = await _timed(server, many)
    return found


async def _trips(server: Database) -> dict[str, int]:
    async with wire_to(server.url) as wire:
        store, chain, found = PostgresLogStore(Database(wire.url)), Chain(epoch=1), {}
        writer, made = await store.open("trips"), entries(7 * 20)
        for start in range(0, len(made), 7):  # the last ones count: by then every statement is prepared
            for name, part in PARTS.items():
                before = wire.trips
                await writer.append(chain.extend(made[start : start + 7][part]))
                found[name] = wire.trips - before
        await store.close()
    return found


async def _timed(server: Database, before: int) -> dict[str, dict[str, float]]:
    store, chain = PostgresLogStore(server), Chain(epoch=1)
    writer, made = await store.open(f"after-{before}"), entries(7 * (before + TIMED))
    history = made[: 7 * before]
    for start in range(0, len(history), 7_000):
        await writer.append(chain.extend(history[start : start + 7_000]))
    taken: dict[str, list[float]] = {name: [] for name in PARTS}
    cpu = time.process_time()
    for start in range(7 * before, len(made), 7):
        for name, part in PARTS.items():
            records = chain.extend(made[start : start + 7][part])
            began = time.perf_counter()
            await writer.append(records)
            taken[name].append((time.perf_counter() - began) * 1e3)
    cpu_ms = (time.process_time() - cpu) * 1e3 / (TIMED * len(PARTS))
    await store.close()
    found = {name: {f"p{p}_ms": float(np.percentile(ms, p)) for p in (50, 99)} for name, ms in taken.items()}
    return found | {"cpu": {"ms": cpu_ms}}


def lines(found: dict[str, Any]) -> list[str]:
    """For a person."""
    told = [f"commit of an order's {name}: {trips} round trips" for name, trips in found["round trips"].items()]
    for many, f in found.items():
        if many != "round trips":
            timed = ", ".join(f"{n} p50 {f[n]['p50_ms']:.2f} ms p99 {f[n]['p99_ms']:.2f} ms" for n in PARTS)
            told.append(f"after {many}: {timed}, {f['cpu']['ms']:.2f} ms CPU a commit")
    return told

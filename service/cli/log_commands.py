"""`candled log verify|show|head`: prove the log of a run or stream, and read it."""

from asyncio import sleep
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from functools import partial
from typing import Annotated, Any

import msgspec
from cyclopts import Parameter
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from kernel.errors import LogCorrupt, NotFound
from kernel.timeframe import iso
from service import loop
from service.cli.options import Common, answer, progress
from service.log.anchor import read_anchor
from service.log.record import Head, Record
from service.log.store import LogReader
from service.log.verify import Verdict
from service.log.verify import verify as verify_stream
from service.runs import Home, Outcome, resolve
from service.stores import home_of, open_store

__all__ = ["head", "show", "verify"]

_DEFAULTS = Common()
_POLL_S = 0.5  # between two looks for new records

Run = Annotated[
    str, Parameter(help="A run id, or 6 characters of its beginning; RUN/n for its n-th execution; a stream.")
]
Store = Annotated[Home | None, Parameter(help="Where the log is; a run's own record says, where it has one.")]


@dataclass(frozen=True, slots=True)
class _Log:
    """A log that was found, and what was said of its end: when the run ended, and when it was last made durable."""

    reader: LogReader
    stream: str
    outcome: Outcome | None
    durable: Head | None


def verify(run: Run, /, *, store: Store = None, common: Common = _DEFAULTS) -> None:
    """Compute every hash of a log again, and compare its end with what the run recorded of it.

    Names the first record that cannot be trusted, whatever was done to it: altered, deleted, inserted, moved, or cut
    off. Exit code 4 when there is one.

        candled log verify 3fa9c2d1
    """
    verdict = loop.run(_verify(common, run, store))
    answer(common, asdict(verdict), lambda out: _show_verdict(out, verdict))
    if not verdict.ok:
        raise LogCorrupt(
            f"the log is not what was written, from record {verdict.first_bad_seq} on: {verdict.reason}",
            first_bad_seq=verdict.first_bad_seq or 1,
            fix=f"candled log show {run} --from {max(1, (verdict.first_bad_seq or 1) - 3)} shows what stands there",
        )


def show(
    run: Run,
    /,
    *,
    from_: Annotated[
        int | None, Parameter(name="--from", help="The first record; with --follow the last --limit, if not given.")
    ] = None,
    limit: Annotated[int, Parameter(help="How many records.")] = 20,
    type_: Annotated[str | None, Parameter(name="--type", help="Only records of this type: OrderFilled, ...")] = None,
    follow: Annotated[
        bool, Parameter(negative="", help="Go on with what is appended, until Ctrl-C.", show_default=False)
    ] = False,
    store: Store = None,
    common: Common = _DEFAULTS,
) -> None:
    """Print records of a log. This proves nothing: `candled log verify` does.

    With --follow, each record is a line of its own, with --json one object a line.

        candled log show 3fa9c2d1 --type OrderFilled --limit 5

        candled log show paper --follow
    """
    if follow:
        loop.run(_follow(common, run, store, first=from_, limit=limit, kind=type_))
        return
    stream, records = loop.run(_read(common, run, store, first=from_ or 1, limit=limit, kind=type_))
    result = {"stream": stream, "records": [_as_json(record) for record in records]}
    answer(common, result, lambda out: _show_records(out, records))


def head(run: Run, /, *, store: Store = None, common: Common = _DEFAULTS) -> None:
    """The last record's seq and hash: two logs with the same head hold the same records.

    candled log head 3fa9c2d1
    """
    stream, end = loop.run(_head(common, run, store))
    result = {"stream": stream, "seq": end.seq, "hash": end.hash.hex()}
    answer(common, result, lambda out: out.print(f"{end.seq} {end.hash.hex()}", highlight=False, soft_wrap=True))


@asynccontextmanager
async def _opened(common: Common, run: str, store: Home | None) -> AsyncIterator[_Log]:
    """The log that RUN means. A name that is no run's may still be a stream's in the database."""
    try:
        execution = resolve(common.data_dir, run)
    except NotFound:
        if store != "postgres":
            raise
        home: Home = "postgres"
        stream, outcome, durable = run, None, None
    else:
        stream, outcome, durable = execution.stream, execution.outcome(), read_anchor(execution.path)
        home = store or home_of(execution)
    async with open_store(home, common.data_dir, common.database_url or None) as reader:
        yield _Log(reader, stream, outcome, durable)


async def _verify(common: Common, run: str, store: Home | None) -> Verdict:
    async with _opened(common, run, store) as log:
        ended = log.outcome.head if log.outcome else None
        with progress("verifying", (ended or log.durable or Head(0, b"")).seq or None, "records") as advance:
            verdict = await verify_stream(
                log.reader, log.stream, anchor=ended or log.durable, ended=ended is not None, progress=advance
            )
    if verdict.ok and ended and log.durable and log.durable != ended:
        return Verdict(
            ok=False,
            records=min(ended.seq, log.durable.seq),
            first_bad_seq=min(ended.seq, log.durable.seq) + 1,
            reason="head.json and execution.json, beside the log, name different ends of it",
        )
    return verdict


async def _read(
    common: Common, run: str, store: Home | None, *, first: int, limit: int, kind: str | None
) -> tuple[str, list[Record]]:
    async with _opened(common, run, store) as log:
        found: list[Record] = []
        async for batch in log.reader.records(log.stream, first=first):
            found.extend(record for record in batch if kind is None or record.type == kind)
            if len(found) >= limit:
                break
        return log.stream, found[:limit]


async def _follow(
    common: Common, run: str, store: Home | None, *, first: int | None, limit: int, kind: str | None
) -> None:
    """Print records as they come, for ever."""
    async with _opened(common, run, store) as log:
        following = first or max(1, (await log.reader.head(log.stream)).seq + 1 - limit)
        while True:
            async for batch in log.reader.records(log.stream, first=following):
                following = batch[-1].seq + 1
                for record in batch:
                    if kind is None or record.type == kind:
                        answer(common, _as_json(record), partial(_show_line, record))
            await sleep(_POLL_S)


async def _head(common: Common, run: str, store: Home | None) -> tuple[str, Head]:
    async with _opened(common, run, store) as log:
        return log.stream, await log.reader.head(log.stream)


def _as_json(record: Record) -> dict[str, Any]:
    fields = record._asdict()
    return fields | {"time": iso(record.ts), "payload": msgspec.Raw(record.payload), "hash": record.hash.hex()}


def _show_verdict(out: Console, verdict: Verdict) -> None:
    if verdict.ok:
        out.print(f"[green]whole[/]: {verdict.records:,} records, every hash and the end as written")
    else:
        out.print(f"[red]not whole[/]: record {verdict.first_bad_seq} is the first that cannot be trusted")


def _show_records(out: Console, records: list[Record]) -> None:
    table = Table("seq", "time", "type", "payload", box=None, header_style="bold", pad_edge=False)
    for record in records:
        table.add_row(f"{record.seq:,}", iso(record.ts), record.type, escape(_said(record)))
    out.print(table)


def _show_line(record: Record, out: Console) -> None:
    line = f"{record.seq:>9,}  {iso(record.ts)}  {record.type:<20}  {_said(record)}"
    out.print(line, markup=False, highlight=False, soft_wrap=True)


def _said(record: Record) -> str:
    """The payload without what the columns before it say: {"type":"...","ts":..."""
    said = f'{{"type":"{record.type}","ts":{record.ts}'
    return record.payload.decode().removeprefix(said).removeprefix(",").removesuffix("}")

"""Replay: a recorded execution made once more, every record compared with the recorded.

Nothing in a log is believed that can be made again. A backtest's follows from its definition and its datasets. A
daemon's log holds what came from outside: the market, commands and notes, in the order in which they were turned; they
are taken from it, and the rest is made anew. Only where it ends amid the reports of a candle that is not in it, those
are taken as they were recorded.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from itertools import groupby, islice
from typing import Any

from kernel.errors import CandledError, NotFound
from kernel.messages import Command, MarketEnded, MarketMessage, Report
from kernel.notes import Note
from service.comparison import Comparison, Divergence, Replayed
from service.compose import Composed
from service.log.record import Head, Record, decoded
from service.log.store import LogReader
from service.loop import run
from service.session import Session

__all__ = ["Divergence", "Replayed", "read_log", "replay", "replay_log"]

_BATCH = 4096
_MARKET = frozenset(t.__name__ for t in MarketMessage.__args__)
_REPORTS = frozenset(t.__name__ for t in Report.__args__)
_INPUTS = _MARKET | {t.__name__ for t in (*Command.__args__, *Note.__args__, MarketEnded)}

Progress = Callable[[int], Any]
_Feed = Callable[[Sequence[Record]], Awaitable[None]]


_NOTHING = Replayed(0, None)


def _unheard(_: int) -> None:
    pass


async def read_log(reader: LogReader, stream: str) -> list[Record]:
    """Every record of a stream. Errors: NotFound for an empty one."""
    records = [record async for batch in reader.records(stream) for record in batch]
    if not records:
        raise _empty(stream)
    return records


async def replay_log(
    composed: Composed,
    reader: LogReader,
    stream: str,
    progress: Progress = _unheard,
    *,
    keeps_market: bool,
    ended: Head | None = None,
) -> Replayed:
    """Execute a stream again while it is read; no more than a batch of it is held. Errors: NotFound for an empty one.

    `keeps_market` says whether the log holds the market, as a daemon's does. `ended` is the head that the execution
    noted at its end; another is a difference. None when it came to no end: then the replay goes as far as the log does.
    """
    comparison = Comparison(progress, keeps_market=keeps_market)
    replayed = await _replayed(composed, reader.records(stream), comparison, ended)
    if replayed == _NOTHING:
        raise _empty(stream)
    return replayed


def replay(
    composed: Composed,
    recorded: Sequence[Record],
    progress: Progress = _unheard,
    *,
    keeps_market: bool = False,
    ended: Head | None = None,
) -> Replayed:
    """The same, of records that are at hand."""

    async def at_hand() -> AsyncIterator[Sequence[Record]]:
        yield recorded

    return run(_replayed(composed, at_hand(), Comparison(progress, keeps_market=keeps_market), ended))


async def _replayed(
    composed: Composed, batches: AsyncIterator[Sequence[Record]], comparison: Comparison, ended: Head | None
) -> Replayed:
    session = Session(composed.kernel, composed.venue, comparison)
    feed = _of_log(session) if comparison.keeps_market else _of_datasets(session, composed, comparison)
    await session.message(composed.opening)
    fault = ""
    async for batch in batches:
        comparison.expect(batch)
        if fault or comparison.differs:
            break
        try:
            await feed(batch)
        except (CandledError, ArithmeticError) as error:  # what is forged can be anything
            fault = f"the kernel refuses what the log holds: {error}"
        comparison.compare()
    if comparison.keeps_market and not fault:
        fault = await _unfinished(session, comparison)
    return comparison.result(ended, fault or "nothing: the replay ended")


async def _unfinished(session: Session, comparison: Comparison) -> str:
    """What the venue said of a candle that is not in the log yet, and what followed; why that cannot be, if it cannot.

    The candle's record comes behind them: a log that stops in between ends with reports that nothing here can make.
    """
    try:
        if comparison.waits:  # the last instant was over: what it requested was answered
            await session.settle()
            comparison.compare()
        for record in tuple(comparison.rest):
            if record.type in _REPORTS:
                report: Report = decoded(record)
                comparison.pending += (report, *session.kernel.turn(report))
    except (CandledError, ArithmeticError) as error:
        return f"the kernel refuses what the log holds: {error}"
    finally:
        comparison.compare()
    return ""


def _of_datasets(session: Session, composed: Composed, comparison: Comparison) -> _Feed:
    """The market and its end as the definition has them: as much as it takes to make what was recorded."""
    messages, ended = composed.feeder.messages(), False

    async def feed(_: Sequence[Record]) -> None:
        nonlocal ended
        state = session.kernel.state
        while comparison.waits and not ended:
            taken = list(islice(messages, _BATCH))
            ended = not taken
            await (session.message(MarketEnded(state.ts, state.ordinal)) if ended else session.market(taken))
            comparison.compare()

    return feed


def _of_log(session: Session) -> _Feed:
    """What came from outside as it was recorded; never the opening, which the definition says."""

    async def feed(batch: Sequence[Record]) -> None:
        inputs = (record for record in batch if record.type in _INPUTS)
        for market, records in groupby(inputs, key=lambda record: record.type in _MARKET):
            if market:
                await session.market(map(decoded, records))
            else:
                for record in records:
                    await session.message(decoded(record))

    return feed


def _empty(stream: str) -> NotFound:
    return NotFound(f"the log of {stream} is empty", fix="the run did not get to its first record; run it again")

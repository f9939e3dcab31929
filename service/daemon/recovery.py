"""Recovery: the recorded inputs go through the same session again, and everything recorded must come out again.

An input is a message that nothing here makes: candles, commands, notes, the stream's opening and the market's end. What
the kernel derived and the simulated venue answered is made again, venue included, and compared by the journal. What a
crash cut off comes out behind the last record, is appended, and goes on from there as if nothing had happened.
"""

from collections.abc import Sequence
from hashlib import sha256

import msgspec

from kernel.codec import MESSAGE_TYPES
from kernel.errors import LogCorrupt
from kernel.messages import MarketMessage, Report
from service.daemon.journal import DaemonJournal
from service.log.record import Head, Record, decoded, hashed_text
from service.log.store import LogReader
from service.session import Session

__all__ = ["recover"]

INPUTS = frozenset(MESSAGE_TYPES) - {t.__name__ for t in Report.__args__}
_MARKET = frozenset(MarketMessage.__args__)


async def recover(session: Session, journal: DaemonJournal, reader: LogReader, stream: str, *, after: Head) -> int:
    """Bring a session to where the log ends, from the state it has after record `after`; gives how many were read.

    Where the log ends amid the reports of a candle that is not in it, the journal goes on expecting those: the feed
    gives that candle again. Errors: LogCorrupt; CheckFailed where something else comes out than is recorded.
    """
    last, held = after, list[msgspec.Struct]()
    journal.begin_at(after.seq)
    async for batch in reader.records(stream, first=after.seq + 1):
        last = _chained(last, batch)
        journal.expect(batch)
        for record in batch:
            if record.type in INPUTS:
                held.append(decoded(record))
        # What the last input led to may go on in the next batch: it waits until the input after it is known.
        await _feed(session, held[:-1])
        del held[:-1]
    await _feed(session, held)
    if journal.rehearsing:  # its last instant was over: what it requested was answered
        await session.settle()
    await journal.all_durable()
    return last.seq - after.seq


async def _feed(session: Session, inputs: list[msgspec.Struct]) -> None:
    """Turn inputs in order, as many market messages at once as follow each other."""
    run: list[MarketMessage] = []
    for message in inputs:
        if message.__class__ in _MARKET:
            run.append(message)  # type: ignore[arg-type]
            continue
        if run:
            await session.market(run)
            run = []
        await session.message(message)  # type: ignore[arg-type]
    if run:
        await session.market(run)
    await session.journal.turned()


def _chained(last: Head, batch: Sequence[Record]) -> Head:
    """The head after a batch. Errors: LogCorrupt where the batch does not continue the chain."""
    seq, digest = last
    for record in batch:
        seq += 1
        digest = sha256(digest + hashed_text(record)).digest()
        if record.seq != seq or record.hash != digest:
            raise LogCorrupt(
                f"record {seq} is not what was written", first_bad_seq=seq, fix="candled log verify, and a backup"
            )
    return Head(seq, digest)

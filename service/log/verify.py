"""The proof that a log is what was written: every hash computed again, and the end compared with what was anchored.

Pure but for `verify`, which feeds it from a store. It trusts nothing in a record: seq must count from 1 without a gap,
epochs never fall, the hash must follow from the one before, and the header must say what the payload says of itself.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import sha256

from kernel.errors import LogCorrupt
from service.log.record import GENESIS, Head, Record
from service.log.store import LogReader

__all__ = ["Verdict", "check", "verify"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check found. `records` counts the good ones before `first_bad_seq`, which is None when all are good."""

    ok: bool
    records: int
    first_bad_seq: int | None = None
    reason: str | None = None


async def verify(
    reader: LogReader,
    stream: str,
    *,
    anchor: Head | None,
    ended: bool = False,
    progress: Callable[[int], None] | None = None,
) -> Verdict:
    """Check a stream in its home. `ended`: nothing may follow the anchor. Errors: NotFound, DatabaseUnavailable.

    `progress` is called with the number of records checked since the last call.
    """
    walk = _Walk(anchor)
    try:
        async for batch in reader.records(stream):
            fault = walk.over(batch)
            if fault:
                return walk.bad(fault)
            if progress:
                progress(len(batch))
    except LogCorrupt as error:
        return Verdict(ok=False, records=walk.seq, first_bad_seq=error.first_bad_seq, reason=str(error))
    return walk.end(ended=ended)


def check(records: Iterable[Record], *, anchor: Head | None = None, ended: bool = False) -> Verdict:
    """Check records that are at hand, from the stream's first to its last."""
    walk = _Walk(anchor)
    fault = walk.over(records)
    return walk.bad(fault) if fault else walk.end(ended=ended)


class _Walk:
    """Along the chain: `seq`, `hash` and `epoch` are those of the last good record."""

    def __init__(self, anchor: Head | None) -> None:
        self.seq, self.hash, self.epoch = 0, GENESIS, 1
        self._anchor = anchor or Head(0, GENESIS)

    def over(self, records: Iterable[Record]) -> str:
        """Check the records that come next; what is wrong with the first bad one, or nothing."""
        last, previous, newest = self.seq, self.hash, self.epoch
        anchored, anchored_hash = self._anchor
        shared: tuple[int, str, int, int] | None = None
        header, beginnings = b"", tuple[bytes, ...]()
        try:
            for seq, epoch, kind, version, ts, payload, digest in records:
                if (epoch, kind, version, ts) != shared:  # the records of an instant, of a turn, have much in common
                    shared = epoch, kind, version, ts
                    header = f" {epoch} {kind} {version} {ts} ".encode()
                    beginning = f'{{"type":"{kind}","ts":{ts}'.encode()
                    beginnings = beginning + b",", beginning + b"}"  # an instant's end says no more
                if seq != last + 1:
                    return f"record {last + 1} is missing or was moved: seq {seq} stands in its place"
                if sha256(b"%b%d%b%b" % (previous, seq, header, payload)).digest() != digest:
                    return f"record {seq} was altered: its hash does not follow from its content and the record before"
                if epoch < newest:
                    return f"record {seq} has epoch {epoch} after epoch {newest}"
                if not payload.startswith(beginnings):
                    return f"record {seq} says {kind} at {ts} in its header, and another type or time in its payload"
                if seq == anchored and digest != anchored_hash:
                    return f"the log was written anew: record {seq} is not the one that was anchored"
                last, previous, newest = seq, digest, epoch
        finally:
            self.seq, self.hash, self.epoch = last, previous, newest
        return ""

    def bad(self, fault: str) -> Verdict:
        return Verdict(ok=False, records=self.seq, first_bad_seq=self.seq + 1, reason=fault)

    def end(self, *, ended: bool) -> Verdict:
        anchored = self._anchor.seq
        if self.seq < anchored:
            return self.bad(f"the tail was cut: the log ends at record {self.seq}, and {anchored} were written")
        if ended and self.seq > anchored:
            return Verdict(
                ok=False,
                records=anchored,
                first_bad_seq=anchored + 1,
                reason=f"{self.seq - anchored} records were added after the end, record {anchored}",
            )
        return Verdict(ok=True, records=self.seq)

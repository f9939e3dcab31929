"""What both homes ask of a stream: a name that is a path and a key, and appends that continue it."""

import re
from collections.abc import Sequence

from kernel.errors import LogCorrupt, UsageError
from service.log.record import Head, Record, chained_hash

__all__ = ["check_continues", "checked_name"]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*(/[A-Za-z0-9][A-Za-z0-9_.-]*)*")


def checked_name(stream: str) -> str:
    """`stream` itself. Errors: UsageError when it is no name of a stream."""
    if len(stream) > 200 or not _NAME.fullmatch(stream):
        raise UsageError(
            f"{stream!r} cannot name a stream", fix="use letters, digits, '.', '_' and '-', in parts joined by '/'"
        )
    return stream


def check_continues(head: Head, records: Sequence[Record]) -> None:
    """Check what joins a batch to the log: its seqs, and the first record's hash. Errors: LogCorrupt."""
    first, last = records[0], records[-1]
    if first.seq != head.seq + 1 or last.seq != head.seq + len(records):
        raise LogCorrupt(
            f"records {first.seq} to {last.seq}, {len(records)} of them, cannot follow record {head.seq}",
            first_bad_seq=head.seq + 1,
        )
    if chained_hash(head.hash, first) != first.hash:
        raise LogCorrupt(f"record {first.seq} does not continue the chain", first_bad_seq=first.seq)

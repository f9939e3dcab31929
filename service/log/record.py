"""A record of the log, and the chain that makes a list of records tamper-evident.

The rule, for whoever wants to check a log with other tools: a record's hash is

    sha256(previous hash, 32 bytes + "<seq> <epoch> <type> <schema_version> <ts> " + payload)

over the decimal texts of the integers; the hash before the first record is 32 zero bytes. The stream's name is left
out, so that every execution of a definition gives the same head.
"""

from collections.abc import Iterable
from hashlib import sha256
from typing import Any, NamedTuple

import msgspec

from kernel.codec import EVENT_TYPES, MESSAGE_TYPES, decode, encode
from kernel.errors import LogCorrupt
from kernel.money import pinned

__all__ = ["GENESIS", "Chain", "Chained", "Head", "Record", "chained_hash", "decoded", "hashed_text"]

GENESIS = bytes(32)


class Record(NamedTuple):
    """One line of the log. `ts` is the event time (ns, UTC), `payload` canonical JSON (kernel/codec.py)."""

    seq: int
    epoch: int
    type: str
    schema_version: int
    ts: int
    payload: bytes
    hash: bytes


class Head(NamedTuple):
    """The end of a log: the last record's seq (0 when there is none) and its hash."""

    seq: int
    hash: bytes


def chained_hash(previous: bytes, record: Record) -> bytes:
    """The hash that `record` must have after a record whose hash is `previous`."""
    return sha256(previous + hashed_text(record)).digest()


def hashed_text(record: Record) -> bytes:
    """What a record's hash covers besides the hash before it."""
    head = f"{record.seq} {record.epoch} {record.type} {record.schema_version} {record.ts} "
    return head.encode() + record.payload


def decoded(record: Record) -> Any:
    """The message or event that `record` holds. Errors: LogCorrupt when its payload is none; UsageError as `decode`."""
    try:
        return decode(record.type, record.schema_version, record.payload)
    except msgspec.MsgspecError as error:
        what = f"record {record.seq} is no {record.type}: {error}"
        raise LogCorrupt(what, first_bad_seq=record.seq, fix="candled log verify RUN") from None


class Chained(list[Record]):
    """Records fresh from a chain, with the text that each one's hash covers: a file need not write it again."""

    lines: list[bytes]


class Chain:
    """Turns messages and events into records: assigns seq, encodes, hashes. One writer owns one chain.

    `decisions` is the running sha256 over the derived events alone, as (type, schema_version, ts, payload): what must
    be equal across stores, modes and adapters.
    """

    def __init__(self, *, epoch: int, head: Head = Head(0, GENESIS)) -> None:  # noqa: B008 - a tuple, never mutated
        self.head = head
        self.decisions = sha256()
        self._epoch = epoch
        types = MESSAGE_TYPES | EVENT_TYPES
        derived = frozenset(EVENT_TYPES.values())
        self._facts: dict[type, tuple[str, int, bytes, bool]] = {
            t: (name, t.schema_version, f"{name} {t.schema_version} ".encode(), t in derived)  # type: ignore[attr-defined]
            for name, t in types.items()
        }

    def extend(self, entries: Iterable[msgspec.Struct]) -> Chained:
        """Chain `entries`, in order, to the head. They are not durable before a store has appended the records."""
        seq, previous = self.head
        facts, epoch = self._facts, self._epoch
        new = tuple.__new__  # a NamedTuple's own constructor takes twice as long
        records = Chained()
        lines: list[bytes] = []
        decided: list[bytes] = []
        instant, instant_text = -1, b""
        with pinned():
            for entry in entries:
                seq += 1
                name, version, head, derived = facts[entry.__class__]
                ts: int = entry.ts  # type: ignore[attr-defined]
                if ts != instant:  # the records of a turn share theirs
                    instant, instant_text = ts, b"%d " % ts
                payload = encode(entry)
                content = head + instant_text + payload
                line = b"%d %d %b" % (seq, epoch, content)
                previous = sha256(previous + line).digest()
                records.append(new(Record, (seq, epoch, name, version, ts, payload, previous)))
                lines.append(line)
                if derived:
                    decided.append(content)
        if decided:
            self.decisions.update(b"\n".join(decided) + b"\n")
        self.head = Head(seq, previous)
        records.lines = lines
        return records

"""What a daemon keeps of itself, so that it need not read its whole log again."""

from collections import Counter

import msgspec

from kernel.messages import Command
from kernel.money import pinned
from service.daemon.keys import KnownKeys
from service.journal import Tally
from service.metrics.domain import DomainFold
from service.session import Session
from venues.simulated import SimulatedVenue

__all__ = ["Memory", "read", "restore", "take"]


class Memory(msgspec.Struct, frozen=True):
    """The content of a snapshot. `sent` are the wire ids of orders, `keys` the commands that are known."""

    kernel: bytes
    venue: bytes
    sent: dict[int, str]
    counts: dict[str, int]
    skips: dict[str, int]
    keys: list[tuple[int, Command]]
    domain: bytes


def take(session: Session, venue: SimulatedVenue, tally: Tally, keys: KnownKeys, domain: DomainFold) -> bytes:
    """The content of a snapshot, at a moment between turns when everything is durable."""
    memory = Memory(
        session.kernel.snapshot(),
        venue.snapshot(),
        session.sent,
        tally.counts,
        tally.skips,
        keys.snapshot(),
        domain.snapshot(),
    )
    with pinned():
        return msgspec.msgpack.encode(memory)


def read(content: bytes) -> Memory:
    """What `take` gave."""
    return msgspec.msgpack.decode(content, type=Memory)


def restore(
    memory: Memory, session: Session, venue: SimulatedVenue, tally: Tally, keys: KnownKeys, domain: DomainFold
) -> None:
    """Become what was when `memory` was taken."""
    session.kernel.restore(memory.kernel)
    venue.restore(memory.venue)
    session.sent = memory.sent
    tally.counts, tally.skips = Counter(memory.counts), Counter(memory.skips)
    keys.restore(memory.keys)
    domain.restore(memory.domain)

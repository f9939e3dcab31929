"""The newest durable entries: what a reader of /events may be behind by, and the decisions among them."""

from asyncio import Event
from collections import deque
from collections.abc import Sequence
from typing import Final

import msgspec

from kernel.events import DecisionMade

__all__ = ["Tail"]

KEPT: Final = 8192  # entries; five instants of 500 symbols, with what they caused
DECISIONS_KEPT: Final = 1000


class Tail:
    """Told of every commit (service/daemon/handle.py). It keeps references, and encodes nothing."""

    def __init__(self, next_seq: int) -> None:
        self.since = next_seq
        self.next = next_seq
        self.decisions: deque[tuple[int, DecisionMade]] = deque(maxlen=DECISIONS_KEPT)
        self.closed = False
        self._kept: deque[msgspec.Struct] = deque(maxlen=KEPT)
        self._waiting: set[Event] = set()

    @property
    def oldest(self) -> int:
        """The seq of the oldest entry that is kept; `next` where there is none."""
        return self.next - len(self._kept)

    def take(self, first_seq: int, entries: Sequence[msgspec.Struct]) -> None:
        """Keep what became durable."""
        if first_seq != self.next:  # whoever tells us left something out: what is kept must be contiguous
            self._kept.clear()
        self._kept.extend(entries)
        self.next = first_seq + len(entries)
        self.decisions.extend((first_seq + n, e) for n, e in enumerate(entries) if e.__class__ is DecisionMade)
        self._wake()

    def read(self, seq: int, limit: int) -> Sequence[tuple[int, msgspec.Struct]]:
        """Up to `limit` entries from `seq` on, which must not be older than the oldest."""
        kept, first = self._kept, self.oldest
        return [(at, kept[at - first]) for at in range(seq, min(seq + limit, self.next))]

    async def news(self, seq: int) -> None:
        """Return when there is an entry `seq`, or there will be no more."""
        while self.next <= seq and not self.closed:
            told = Event()
            self._waiting.add(told)
            try:
                await told.wait()
            finally:
                self._waiting.discard(told)

    def close(self) -> None:
        """There will be no more."""
        self.closed = True
        self._wake()

    def _wake(self) -> None:
        for told in self._waiting:
            told.set()

"""A journal that writes nothing: what a session puts into it is compared with what was recorded, byte for byte."""

from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any

import msgspec

from service.log.record import Chain, Head, Record

__all__ = ["Comparison", "Divergence", "Replayed"]

_BATCH = 4096


class Divergence(msgspec.Struct, frozen=True):
    """The first record that is not what was recorded."""

    seq: int
    recorded: str
    replayed: str


class Replayed(msgspec.Struct, frozen=True):
    """What a replay found. `events` counts the records that were compared and found equal."""

    events: int
    first_divergence: Divergence | None


class Comparison:
    """See the module; the entries are chained anew. `progress` is called with how many more were found equal.

    Where the log keeps the market, several writers may have written it one after another: the chain follows its epochs.
    """

    def __init__(self, progress: Callable[[int], Any], *, keeps_market: bool) -> None:
        self.pending: list[msgspec.Struct] = []
        self.keeps_market = keeps_market
        self._progress = progress
        self._expected: list[Record] = []
        self._epoch = self._equal = 0
        self._chain = Chain(epoch=0)
        self._divergence: Divergence | None = None

    @property
    def next_seq(self) -> int:
        """See Journal."""
        return self._chain.head.seq + len(self.pending) + 1

    def wire_id(self, seq: int) -> str:
        """See Journal: the simulated venue only asks that no two are the same."""
        return str(seq)

    async def durable(self, seq: int) -> None:
        """See Journal."""

    async def turned(self) -> None:
        """See Journal."""
        if len(self.pending) >= _BATCH:
            self.compare()

    def reached(self, point: str) -> None:
        """See Journal."""

    @property
    def differs(self) -> bool:
        """Whether a record is not what was recorded."""
        return self._divergence is not None

    @property
    def waits(self) -> bool:
        """Whether something was recorded that nothing was compared with yet."""
        return bool(self.rest)

    @property
    def rest(self) -> Sequence[Record]:
        """What was recorded and nothing was compared with yet."""
        return () if self.differs else self._expected

    def expect(self, recorded: Sequence[Record]) -> None:
        """Take what was recorded next."""
        self._expected += recorded

    def compare(self) -> None:
        """Chain what is pending, as far as it is known what was recorded, and compare it."""
        while self.waits and self.pending:
            count = self._follow()
            made, recorded = self._chain.extend(self.pending[:count]), self._expected[:count]
            equal = count
            if made != recorded:
                equal = next(place for place, record in enumerate(made) if record != recorded[place])
                self._divergence = Divergence(made[equal].seq, _text(recorded[equal]), _text(made[equal]))
            del self.pending[:count], self._expected[:count]
            self._equal += equal
            self._progress(equal)

    def result(self, ended: Head | None, nothing: str) -> Replayed:
        """The outcome; `nothing` says why nothing more came where the log goes on."""
        divergence = self._divergence
        if self.waits:
            divergence = Divergence(self._equal + 1, _text(self._expected[0]), nothing)
        elif divergence is None and ended is not None and self._chain.head != ended:
            whose = f"the log ends with record {self._equal}, {self._chain.head.hash.hex()}"
            noted = f"not compared: the execution ended with record {ended.seq}, {ended.hash.hex()}"
            divergence = Divergence(min(self._equal, ended.seq) + 1, whose, noted)
        return Replayed(self._equal, divergence)

    def _follow(self) -> int:
        """Put the chain into the epoch of what is expected; how many of the pending it can chain there."""
        epoch = self._expected[0].epoch
        if epoch > self._epoch and (self.keeps_market or self._epoch == 0):
            self._epoch, self._chain = epoch, Chain(epoch=epoch, head=self._chain.head)
        count = min(len(self.pending), len(self._expected))
        if not self.keeps_market:
            return count
        coming = enumerate(islice(self._expected, count))
        return next((place for place, record in coming if record.epoch != epoch), count)


def _text(record: Record) -> str:
    return record.payload.decode(errors="replace")

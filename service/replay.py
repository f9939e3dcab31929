"""Replay: a recorded run executed again from its log and its datasets, every record compared with the recorded.

Nothing in the log is believed that follows from the definition: the opening is made anew, the market and its end come
from the datasets. Taken from the log are the venue's reports alone.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import Any

import msgspec

from kernel.errors import CandledError, NotFound
from kernel.messages import LoggedMessage, MarketEnded, Report
from kernel.replay import in_processing_order
from service.compose import Composed
from service.log.record import Chain, Head, Record, decoded
from service.log.store import LogReader

__all__ = ["Divergence", "Replayed", "read_log", "replay"]

_BATCH = 4096
_LOGGED = frozenset(LoggedMessage.__args__)
_REPORTS = {t.__name__ for t in Report.__args__}


class Divergence(msgspec.Struct, frozen=True):
    """The first record that is not what was recorded."""

    seq: int
    recorded: str
    replayed: str


class Replayed(msgspec.Struct, frozen=True):
    """What a replay found. `events` counts the records that were compared and found equal."""

    events: int
    first_divergence: Divergence | None


async def read_log(reader: LogReader, stream: str) -> list[Record]:
    """Every record of a stream. Errors: NotFound for an empty one."""
    records = [record async for batch in reader.records(stream) for record in batch]
    if not records:
        raise NotFound(f"the log of {stream} is empty", fix="the run did not get to its first record; run it again")
    return records


def replay(
    composed: Composed,
    recorded: Sequence[Record],
    progress: Callable[[int], Any] = lambda _: None,
    *,
    ended: Head | None = None,
) -> Replayed:
    """Turn the recorded messages again, and chain messages and derived events anew: every record must come out equal.

    `ended` is the head that the execution noted at its end; another is a difference. None when it came to no end: then
    the replay goes as far as the log does.
    """
    comparison = _Comparison(recorded, progress)
    reports, fault = _reports(recorded)
    try:
        for entry in _entries(composed, reports):
            if comparison.ends_with(entry):
                break
    except (CandledError, ArithmeticError) as error:  # a forged report can be anything
        fault = fault or f"the kernel refuses what the log holds: {error}"
    comparison.compare()
    return comparison.result(ended, fault or "nothing: the replay ended")


def _entries(composed: Composed, reports: Sequence[Report]) -> Iterator[msgspec.Struct]:
    """What a log of this execution holds, made anew: logged messages and derived events, in order."""
    kernel = composed.kernel
    for message in in_processing_order(composed.feeder.messages(), chain([composed.opening], reports)):
        if message.__class__ in _LOGGED:
            yield message
        yield from kernel.turn(message)
    end = MarketEnded(kernel.state.ts, kernel.state.ordinal)
    yield end
    yield from kernel.turn(end)


def _reports(recorded: Sequence[Record]) -> tuple[Sequence[Report], str]:
    """What the venue said, up to the first report that cannot be read, and what is wrong with that one."""
    reports: list[Report] = []
    for record in recorded:
        if record.type in _REPORTS:
            try:
                reports.append(decoded(record))
            except CandledError as error:
                return reports, str(error)
    return reports, ""


class _Comparison:
    """The recorded on one side, and on the other what comes out of the replay, chained in batches."""

    def __init__(self, recorded: Sequence[Record], progress: Callable[[int], Any]) -> None:
        self._recorded = recorded
        self._progress = progress
        self._chain = Chain(epoch=recorded[0].epoch)
        self._pending: list[msgspec.Struct] = []
        self._equal = 0
        self._divergence: Divergence | None = None

    def ends_with(self, entry: msgspec.Struct) -> bool:
        """Take the next entry; whether it was the last that can be compared."""
        pending = self._pending
        pending.append(entry)
        if len(pending) == _BATCH:
            self.compare()
        return self._divergence is not None or self._equal + len(pending) == len(self._recorded)

    def compare(self) -> None:
        """Chain what is pending, and compare it."""
        started = self._equal
        for made in self._chain.extend(self._pending) if self._divergence is None else ():
            recorded = self._recorded[self._equal]
            if made != recorded:
                self._divergence = Divergence(made.seq, _text(recorded), _text(made))
                break
            self._equal += 1
        self._pending.clear()
        self._progress(self._equal - started)

    def result(self, ended: Head | None, nothing: str) -> Replayed:
        """The outcome; `nothing` says why nothing more came where the log goes on."""
        divergence = self._divergence
        if divergence is None and self._equal < len(self._recorded):
            divergence = Divergence(self._equal + 1, _text(self._recorded[self._equal]), nothing)
        elif divergence is None and ended is not None and self._chain.head != ended:
            whose = f"the log ends with record {self._equal}, {self._chain.head.hash.hex()}"
            noted = f"not compared: the execution ended with record {ended.seq}, {ended.hash.hex()}"
            divergence = Divergence(min(self._equal, ended.seq) + 1, whose, noted)
        return Replayed(self._equal, divergence)


def _text(record: Record) -> str:
    return record.payload.decode(errors="replace")

"""Replay: a recorded run executed again from its log and its datasets, every record compared with the recorded.

Nothing in the log is believed that follows from the definition: the opening is made anew, the market comes from the
datasets. Taken from the log are the venue's reports and the market's end.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import Any

import msgspec

from kernel.errors import CandledError, NotFound
from kernel.messages import LoggedMessage, StreamOpened
from kernel.replay import in_processing_order
from service.compose import Composed
from service.log.record import Chain, Record, decoded
from service.log.store import LogReader

__all__ = ["Divergence", "Replayed", "logged_messages", "read_log", "replay"]

_BATCH = 4096
_LOGGED = {t.__name__ for t in LoggedMessage.__args__}


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
    written: int = 0,
) -> Replayed:
    """Turn the recorded messages again, and chain messages and derived events anew: every record must come out equal.

    `written` is how many records the execution noted at its end; fewer are a difference. 0 when it came to no end: then
    the replay goes as far as the log does.
    """
    comparison = _Comparison(recorded, progress)
    messages, fault = logged_messages(recorded)
    try:
        for entry in entries(composed, messages):
            if comparison.ends_with(entry):
                break
    except (CandledError, ArithmeticError) as error:  # a forged report can be anything
        fault = fault or f"the kernel refuses what the log holds: {error}"
    comparison.compare()
    return comparison.result(written, fault or "nothing: the replay ended")


def entries(composed: Composed, logged: Sequence[LoggedMessage]) -> Iterator[msgspec.Struct]:
    """What a log of this execution holds, made anew: logged messages and derived events, in order."""
    for message in in_processing_order(composed.feeder.messages(), chain([composed.opening], logged)):
        if type(message).__name__ in _LOGGED:
            yield message
        yield from composed.kernel.turn(message)


def logged_messages(recorded: Sequence[Record]) -> tuple[Sequence[LoggedMessage], str]:
    """The messages of a log after its opening, up to the first that cannot be read, and what is wrong with that one."""
    messages: list[LoggedMessage] = []
    for place, record in enumerate(recorded):
        if record.type in _LOGGED:
            try:
                message = decoded(record)
            except CandledError as error:
                return messages, str(error)
            if place > 0 or not isinstance(message, StreamOpened):
                messages.append(message)
    return messages, ""


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

    def result(self, written: int, ended: str) -> Replayed:
        """The outcome; `ended` says why nothing more came where the log goes on."""
        divergence = self._divergence
        if divergence is None and self._equal < len(self._recorded):
            divergence = Divergence(self._equal + 1, _text(self._recorded[self._equal]), ended)
        elif divergence is None and self._equal < written:
            cut = f"nothing: the log ends, and {written} records were written"
            divergence = Divergence(self._equal + 1, cut, "not compared")
        return Replayed(self._equal, divergence)


def _text(record: Record) -> str:
    return record.payload.decode(errors="replace")

"""Replay: a recorded run executed again from its log and its datasets, every record compared with the recorded."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec

from kernel.codec import MESSAGE_TYPES, decode
from kernel.errors import NotFound
from kernel.kernel import Kernel
from kernel.messages import LoggedMessage, MarketMessage
from kernel.replay import in_processing_order
from service.compose import Composed
from service.log.record import Chain, Record
from service.log.store import LogReader

__all__ = ["Divergence", "Replayed", "read_log", "replay"]

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


async def read_log(reader: LogReader, stream: str) -> list[Record]:
    """Every record of a stream. Errors: NotFound for an empty one."""
    records = [record async for batch in reader.records(stream) for record in batch]
    if not records:
        raise NotFound(f"the log of {stream} is empty", fix="the run did not get to its first record; run it again")
    return records


def replay(composed: Composed, recorded: Sequence[Record], progress: Callable[[int], Any] = lambda _: None) -> Replayed:
    """Turn the recorded messages again, and chain messages and derived events anew: every hash must come out equal."""
    chain = Chain(epoch=recorded[0].epoch)
    compared = 0
    pending: list[msgspec.Struct] = []
    for entry in entries(composed.kernel, composed.feeder.messages(), recorded):
        pending.append(entry)
        if len(pending) == _BATCH:
            divergence = _compare(chain, pending, recorded, compared)
            if divergence is not None:
                return Replayed(divergence.seq - 1, divergence)
            compared += len(pending)
            progress(len(pending))
            pending.clear()
        if compared + len(pending) == len(recorded):
            break
    divergence = _compare(chain, pending, recorded, compared)
    if divergence is not None:
        return Replayed(divergence.seq - 1, divergence)
    compared += len(pending)
    if compared < len(recorded):
        missing = recorded[compared]
        return Replayed(
            compared, Divergence(missing.seq, f"{missing.type} at {missing.ts}", "nothing: the replay ended")
        )
    return Replayed(compared, None)


def entries(kernel: Kernel, market: Iterator[MarketMessage], recorded: Sequence[Record]) -> Iterator[msgspec.Struct]:
    """What a log of this execution holds, made anew: logged messages and derived events, in order."""
    for message in in_processing_order(market, _messages(recorded)):
        if type(message).__name__ in _LOGGED:
            yield message
        yield from kernel.turn(message)


_LOGGED = {t.__name__ for t in LoggedMessage.__args__}


def _messages(recorded: Sequence[Record]) -> Iterator[Any]:
    return (decode(r.type, r.schema_version, r.payload) for r in recorded if r.type in MESSAGE_TYPES)


def _compare(chain: Chain, entries: list[msgspec.Struct], recorded: Sequence[Record], start: int) -> Divergence | None:
    for place, made in enumerate(chain.extend(entries), start):
        if place >= len(recorded):
            return Divergence(made.seq, "nothing: the log ends", _text(made))
        if made.hash != recorded[place].hash:
            return Divergence(made.seq, _text(recorded[place]), _text(made))
    return None


def _text(record: Record) -> str:
    return record.payload.decode(errors="replace")

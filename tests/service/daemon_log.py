"""A log as a daemon writes it, made without one: with the market, commands and notes, by several writers in turn."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from kernel.messages import CancelAllOrders, MarketEnded, SetTradingState
from kernel.notes import CandleGap, DaemonStarted, FeedChanged
from service.compose import compose
from service.definition import RunDefinition
from service.log.record import GENESIS, Chain, Head, Record
from service.log.store import LogStore
from service.session import Session
from tests.kernel.given import finish

Others = Mapping[int, Sequence[Any]]
"""Commands and notes by the number of the market message that they follow; their times are set when they are turned."""

STARTED = DaemonStarted(0, 0, 1, "1.0", "c" * 64)
REDUCE = SetTradingState(0, 0, "reducing", "", flatten=False, actor="someone", key="k1")
FLATTEN = SetTradingState(0, 0, "halted", "", flatten=True, actor="someone", key="k2")
RESUME = SetTradingState(0, 0, "active", "", flatten=False, actor="someone", key="k3")
CANCEL = CancelAllOrders(0, 0, "", "", "someone", "k4")
GAP = CandleGap(0, 0, "BTC/USDT", 60, 120)
STALE = FeedChanged(0, 0, "BTC/USDT", "stale")


class Entries:
    """A journal that is a list."""

    keeps_market = True

    def __init__(self) -> None:
        self.pending: list[Any] = []

    @property
    def next_seq(self) -> int:
        return len(self.pending) + 1

    def wire_id(self, seq: int) -> str:
        return f"entries-{seq}"

    async def durable(self, seq: int) -> None:
        pass

    async def turned(self) -> None:
        pass

    def reached(self, point: str) -> None:
        pass


def daemon_entries(definition: RunDefinition, data_dir: Path, others: Others = {}) -> list[Any]:  # noqa: B006
    """Everything that a daemon logs of a run over its datasets, from the opening to the market's end."""
    composed, journal = compose(definition, data_dir), Entries()
    session, state = Session(composed.kernel, composed.venue, journal), composed.kernel.state

    def turn_others() -> None:
        for message in others.get(state.ordinal, ()):
            finish(session.message(replace(message, ts=state.ts, after=state.ordinal)))

    finish(session.message(composed.opening))
    turn_others()
    for message in composed.feeder.messages():
        finish(session.market([message]))
        turn_others()
    finish(session.message(MarketEnded(state.ts, state.ordinal)))
    return journal.pending


def chained(entries: Sequence[Any], takeovers: Sequence[int] = ()) -> list[Record]:
    """The entries as records: behind each of so many another writer took over, with the next epoch."""
    cuts = sorted({0, *(cut for cut in takeovers if cut < len(entries)), len(entries)})
    records, head = [], Head(0, GENESIS)
    for epoch, (first, end) in enumerate(pairwise(cuts), 1):
        chain = Chain(epoch=epoch, head=head)
        records += chain.extend(entries[first:end])
        head = chain.head
    return records


async def write(store: LogStore, stream: str, entries: Sequence[Any], takeovers: Sequence[int] = ()) -> Head:
    """The entries into a stream of a store, by as many writers as it takes."""
    cuts = sorted({0, *(cut for cut in takeovers if cut < len(entries)), len(entries)})
    for first, end in pairwise(cuts):
        writer = await store.open(stream)
        chain = Chain(epoch=writer.epoch, head=writer.head)
        for start in range(first, end, 100):
            await writer.append(chain.extend(entries[start : min(start + 100, end)]))
        await writer.close()
    return chain.head

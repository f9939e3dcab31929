"""The kernel loop: one thing at a time, operators' commands before the market, chores between turns.

Everything else in the daemon talks to the kernel through here: what it wants is put into the inbox.
"""

import asyncio
from collections.abc import Callable, Sequence
from time import monotonic, perf_counter
from typing import TypeVar

import msgspec
from msgspec.structs import replace

from kernel.errors import UsageError
from kernel.events import Event
from kernel.messages import Command, MarketEnded, MarketMessage
from kernel.notes import Note
from service.daemon.handle import Ordered
from service.daemon.inbox import Given, Inbox
from service.daemon.journal import DaemonJournal
from service.daemon.keys import KnownKeys
from service.metrics.runtime import RuntimeMetrics
from service.session import Session

__all__ = ["Trader"]

_AT_ONCE = 128  # at least so many market messages between two looks at everything else, whole instants

_MARKET = frozenset(MarketMessage.__args__)
T = TypeVar("T", bound=msgspec.Struct)


class Trader:
    """See the module. `now_ns` tells the market's time; `ended` is set once it has, and its last record is durable."""

    def __init__(
        self,
        session: Session,
        journal: DaemonJournal,
        keys: KnownKeys,
        metrics: RuntimeMetrics,
        *,
        now_ns: Callable[[], int],
    ) -> None:
        self.session = session
        self.journal = journal
        self.keys = keys
        self.ended = asyncio.Event()
        self.progressed = monotonic()
        self._now_ns = now_ns
        self._metrics = metrics
        self.inbox = Inbox(metrics)
        self._held: list[Note] = []

    @property
    def busy(self) -> bool:
        """Whether there is something that can be done now."""
        inbox = self.inbox
        return bool(inbox.batches and not inbox.closed) or bool((inbox.commands or inbox.chores) and not self.amid)

    @property
    def amid(self) -> bool:
        """Whether recovery ended amid a candle or an instant: the rest of it comes first, then everything else."""
        return self.journal.rehearsing or bool(self.session.waiting)

    async def run(self) -> None:
        """For ever. Errors: those of kernel, rule, log and venue; the daemon ends with the first."""
        while True:
            await self.inbox.work.wait()
            self.inbox.work.clear()
            while self.busy:
                await self._step()
                self.progressed = monotonic()
                await asyncio.sleep(0)

    async def _step(self) -> None:
        inbox = self.inbox
        if not self.amid:
            while inbox.commands:
                await self._turn_command(*inbox.commands.popleft())
            while inbox.chores:
                await inbox.chores.popleft()()
        if inbox.batches and not inbox.closed:
            await self._take_batch(*inbox.batches.popleft())
            inbox.taken()

    async def _take_batch(self, arrived: float, batch: Sequence[Given]) -> None:
        """Turn a batch, in pieces of whole instants, so that others get their turn between them."""
        first = 0
        while first < len(batch) and not self.inbox.closed:
            end = _instant_end(batch, first + _AT_ONCE)
            await self._take(arrived, batch[first:end])
            await asyncio.sleep(0)
            first = end
        await self.session.settle()
        await self._release_held()

    async def _take(self, arrived: float, given: Sequence[Given]) -> None:
        """Turn what the feed gave, in order."""
        self.journal.arrived = arrived
        started, first = perf_counter(), 0
        for place, message in enumerate(given):
            if message.__class__ not in _MARKET:
                await self.session.market(given[first:place])  # type: ignore[arg-type]
                await self._turn_other(message)
                first = place + 1
        await self.session.market(given[first:] if first else given)  # type: ignore[arg-type]
        await self.journal.turned()
        self._metrics.turn_s.observe((perf_counter() - started) / len(given))

    async def _turn_other(self, message: Given) -> None:
        state = self.session.kernel.state
        if isinstance(message, MarketEnded):
            await self.session.message(MarketEnded(state.ts, state.ordinal))
            await self.journal.all_durable()
            self.ended.set()
        elif not self.journal.rehearsing:  # else it is recorded: recovery ended at the candle behind it
            self._held.append(message)  # type: ignore[arg-type]
            if not self.session.waiting:  # else it would part an instant: what that requested goes out at its end
                await self._release_held()

    async def _release_held(self) -> None:
        held, self._held = self._held, []
        for note in held:
            await self.note(note)

    async def note(self, note: Note) -> None:
        """Record a note, here and now. Only the kernel loop, and who runs in it, may call this."""
        await self.session.message(self._stamped(note))
        await self.journal.turned()

    async def _turn_command(self, command: Command, done: "asyncio.Future[Ordered]") -> None:
        try:
            answer = await self.obey(command)
        except UsageError as error:
            if not done.cancelled():
                done.set_exception(error)
            return
        if not done.cancelled():
            done.set_result(answer)

    async def obey(self, command: Command) -> Ordered:
        """Turn a command, unless its key was given before; durable when this returns. As `note`, for the loop alone."""
        known = self.keys.seq_of(command)
        if known is not None:
            return Ordered(known, "log", repeated=True)
        seq = self.journal.next_seq
        events: Sequence[Event] = await self.session.message(self._stamped(command))
        await self.journal.all_durable()
        return Ordered(seq, "log", tuple(events))

    def _stamped(self, message: T) -> T:
        state = self.session.kernel.state
        return replace(message, ts=max(state.ts, self._now_ns()), after=state.ordinal)


def _instant_end(batch: Sequence[Given], place: int) -> int:
    """Where the instant that reaches beyond `place` is over; what is no market message does not end it."""
    ts = next((message.ts for message in reversed(batch[:place]) if message.__class__ in _MARKET), 0)
    while place < len(batch) and (batch[place].__class__ not in _MARKET or batch[place].ts == ts):
        place += 1
    return place

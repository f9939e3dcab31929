"""The kernel loop: one thing at a time, operators' commands before the market, chores between turns.

Everything else in the daemon talks to the kernel through here. The queue of the feed holds four batches, and the feed
waits when it is full; the queue of commands holds 64, and the next is refused.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from time import monotonic, perf_counter
from typing import Final, TypeVar

import msgspec
from msgspec.structs import replace

from kernel.errors import DatabaseUnavailable, UsageError
from kernel.events import Event
from kernel.messages import Command, MarketEnded, MarketMessage
from kernel.notes import Note
from service.daemon.handle import Ordered
from service.daemon.journal import DaemonJournal
from service.daemon.keys import KnownKeys
from service.metrics.runtime import RuntimeMetrics
from service.session import Session

__all__ = ["Chore", "Trader"]

BATCHES_MAX: Final = 4
COMMANDS_MAX: Final = 64
_AT_ONCE = 128  # at least so many market messages between two looks at everything else, whole instants

Given = MarketMessage | Note | MarketEnded
Chore = Callable[[], Awaitable[None]]
_MARKET = frozenset(MarketMessage.__args__)
T = TypeVar("T", bound=msgspec.Struct)
_Waiting = tuple[Command, "asyncio.Future[Ordered]"]


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
        self._work = asyncio.Event()
        self._room = asyncio.Semaphore(BATCHES_MAX)
        self._batches: deque[tuple[float, Sequence[Given]]] = deque()
        self._commands: deque[_Waiting] = deque()
        self._chores: deque[Chore] = deque()
        self._held: list[Note] = []
        self._closed = False

    @property
    def busy(self) -> bool:
        """Whether there is something that can be done now."""
        return bool(self._batches and not self._closed) or bool((self._commands or self._chores) and not self.amid)

    @property
    def amid(self) -> bool:
        """Whether recovery ended amid a candle or an instant: the rest of it comes first, then everything else."""
        return self.journal.rehearsing or bool(self.session.waiting)

    @property
    def commands(self) -> int:
        """How many wait."""
        return len(self._commands)

    async def give(self, batch: Sequence[Given]) -> None:
        """Put what the feed has behind what waits; waits itself while the queue is full."""
        arrived = perf_counter()
        await self._room.acquire()
        self._batches.append((arrived, batch))
        self._metrics.queue_depth.labels("market").set(len(self._batches))
        self._work.set()

    def ask(self, chore: Chore) -> None:
        """Have something done between turns."""
        self._chores.append(chore)
        self._work.set()

    async def asked(self, chore: Chore) -> None:
        """Have something done between turns, and wait for it."""
        done = asyncio.Event()

        async def work() -> None:
            await chore()
            done.set()

        self.ask(work)
        await done.wait()

    def order(self, command: Command) -> "asyncio.Future[Ordered]":
        """Have a command turned before any further market message. Errors: DatabaseUnavailable when too many wait."""
        if len(self._commands) >= COMMANDS_MAX:
            raise DatabaseUnavailable(
                f"{COMMANDS_MAX} commands wait already", fix="see `candled status`: what holds it up?"
            )
        done: asyncio.Future[Ordered] = asyncio.get_running_loop().create_future()
        self._commands.append((command, done))
        self._work.set()
        return done

    def close(self) -> None:
        """Take nothing more from the market; what waits is the feed's to give again. Chores and commands go on."""
        self._closed = True
        self._batches.clear()

    async def run(self) -> None:
        """For ever. Errors: those of kernel, rule, log and venue; the daemon ends with the first."""
        while True:
            await self._work.wait()
            self._work.clear()
            while self.busy:
                await self._step()
                self.progressed = monotonic()
                await asyncio.sleep(0)

    async def _step(self) -> None:
        if not self.amid:
            while self._commands:
                await self._turn_command(*self._commands.popleft())
            while self._chores:
                await self._chores.popleft()()
        if self._batches and not self._closed:
            arrived, batch = self._batches.popleft()
            first = 0
            while first < len(batch) and not self._closed:
                end = _instant_end(batch, first + _AT_ONCE)
                await self._take(arrived, batch[first:end])
                await asyncio.sleep(0)
                first = end
            await self.session.settle()
            await self._release_held()
            self._room.release()
            self._metrics.queue_depth.labels("market").set(len(self._batches))

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

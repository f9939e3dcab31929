"""What waits for the kernel loop: batches of the feed, commands, chores. Bounded, each in its own way.

The queue of the feed holds four batches, and the feed waits when it is full; the queue of commands holds 64, and the
next is refused.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from time import perf_counter
from typing import Final

from kernel.errors import DatabaseUnavailable
from kernel.messages import Command, MarketEnded, MarketMessage
from kernel.notes import Note
from service.daemon.handle import Ordered
from service.metrics.runtime import RuntimeMetrics

__all__ = ["Chore", "Given", "Inbox", "Waiting"]

BATCHES_MAX: Final = 4
COMMANDS_MAX: Final = 64

Given = MarketMessage | Note | MarketEnded
Chore = Callable[[], Awaitable[None]]
Waiting = tuple[Command, "asyncio.Future[Ordered]"]


class Inbox:
    """See the module. `work` is set whenever something came; `closed` takes nothing more from the market."""

    def __init__(self, metrics: RuntimeMetrics) -> None:
        self.work = asyncio.Event()
        self.closed = False
        self.batches: deque[tuple[float, Sequence[Given]]] = deque()
        self.commands: deque[Waiting] = deque()
        self.chores: deque[Chore] = deque()
        self._room = asyncio.Semaphore(BATCHES_MAX)
        self._metrics = metrics

    async def give(self, batch: Sequence[Given]) -> None:
        """Put what the feed has behind what waits; waits itself while the queue is full."""
        arrived = perf_counter()
        await self._room.acquire()
        self.batches.append((arrived, batch))
        self._metrics.queue_depth.labels("market").set(len(self.batches))
        self.work.set()

    def taken(self) -> None:
        """A batch is done with: there is room for another."""
        self._room.release()
        self._metrics.queue_depth.labels("market").set(len(self.batches))

    def ask(self, chore: Chore) -> None:
        """Have something done between turns."""
        self.chores.append(chore)
        self.work.set()

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
        if len(self.commands) >= COMMANDS_MAX:
            raise DatabaseUnavailable(
                f"{COMMANDS_MAX} commands wait already", fix="see `candled status`: what holds it up?"
            )
        done: asyncio.Future[Ordered] = asyncio.get_running_loop().create_future()
        self.commands.append((command, done))
        self.work.set()
        return done

    def close(self) -> None:
        """Take nothing more from the market; what waits is the feed's to give again. Chores and commands go on."""
        self.closed = True
        self.batches.clear()

"""Tells an operator what is important: changes of health, and notable records. Whoever has something to say goes on.

Texts that come together go out together. At most so many messages leave in an hour; what waits for its turn waits in
a short queue, and what finds no room in it is counted in the next message.
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import msgspec
import structlog

from service.alerts.notable import notable
from service.alerts.webhook import Sent

__all__ = ["Alerts"]

WAITING_MAX: Final = 10  # lines of 300 characters: they fit into one message together
_GATHER_S: Final = 1.0
_HOUR_S: Final = 3_600.0
_RETRY_S: Final = (1.0, 2.0, 5.0, 15.0, 60.0)  # the last of them for ever
_LINE_MAX: Final = 300

Send = Callable[[str], Awaitable[Sent]]


class Alerts:
    """A part of the daemon: `run` sends. `heard` is for a Health, `committed` for the daemon's listeners.

    `name` begins every message; `hide` blanks out secrets. `sent` counts messages, `lost` the alerts that were in none.
    """

    def __init__(
        self,
        send: Send,
        *,
        name: str,
        per_hour: int,
        hide: Callable[[str], str] = lambda text: text,
        gather_s: float = _GATHER_S,
        hour_s: float = _HOUR_S,
    ) -> None:
        self.sent = 0
        self.lost = 0
        self._send = send
        self._name = name
        self._hide = hide
        self._gather_s = gather_s
        self._hour_s = hour_s
        self._waiting: deque[str] = deque()
        self._held = 0
        self._times: deque[float] = deque(maxlen=per_hour)
        self._some = asyncio.Event()
        self._log = structlog.get_logger("alerts")

    def say(self, text: str) -> None:
        """Something that an operator should know. Returns at once."""
        if len(self._waiting) >= WAITING_MAX:
            self._waiting.popleft()  # the newest tells more
            self._held += 1
            self.lost += 1
        self._waiting.append(self._hide(text)[:_LINE_MAX])
        self._some.set()

    def heard(self, part: str, problem: str) -> None:
        """A part of the daemon has a problem, or ("") has it no longer."""
        self.say(f"{part}: {problem}" if problem else f"{part}: well again")

    def committed(self, _first_seq: int, entries: Sequence[msgspec.Struct]) -> None:
        """Entries became durable."""
        for entry in entries:
            if text := notable(entry):
                self.say(text)

    async def run(self) -> None:
        """Send what is said, for ever."""
        while True:
            await self._some.wait()
            await asyncio.sleep(self._gather_s)
            await asyncio.sleep(self._until_free_s())
            await self._deliver()

    async def drain(self, timeout_s: float = 5.0) -> None:
        """At the end: send what still waits, if that is allowed, and for no longer than so long."""
        if self._waiting and not self._until_free_s():
            try:
                await asyncio.wait_for(self._deliver(), timeout_s)
            except TimeoutError:
                self._log.warning("alerts were not sent in time")

    def _until_free_s(self) -> float:
        times = self._times
        full = len(times) == times.maxlen
        return max(times[0] + self._hour_s - time.monotonic(), 0.0) if full else 0.0

    async def _deliver(self) -> None:
        """One message with everything that waits; again and again until it is taken, or refused for good."""
        lines, held = list(self._waiting), self._held
        self._waiting.clear()
        self._some.clear()
        self._held = 0
        counted = [f"({held} earlier ones were held back)"] if held else []
        try:
            taken = await self._taken(f"{self._name}: " + "\n".join([*lines, *counted]))
        except asyncio.CancelledError:
            self._waiting.extendleft(reversed(lines))
            self._held += held
            raise
        self.sent += taken
        self.lost += 0 if taken else len(lines)

    async def _taken(self, text: str) -> bool:
        attempt = 0
        while True:
            outcome = await self._send(text)
            if outcome.taken:
                self._times.append(time.monotonic())
                return True
            self._log.warning("the webhook did not take a message", what=outcome.what, attempt=attempt + 1)
            if not outcome.again:
                return False
            await asyncio.sleep(max(outcome.wait_s, _RETRY_S[min(attempt, len(_RETRY_S) - 1)]))
            attempt += 1

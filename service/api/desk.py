"""What the handlers of the API work with, and what they are asked."""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from aiohttp import web

from kernel.errors import CandledError
from kernel.messages import Command
from service.api.answers import Module
from service.api.refusal import Refused
from service.api.tail import Tail
from service.daemon.handle import Handle, Ordered
from service.explanation import Explanation

__all__ = ["Asked", "Desk", "Explain"]

ORDER_S: Final = 30.0  # the fate of a command is told within; a slow database answers in far less


class Explain(Protocol):
    """Why did it (not) trade at a time? "" is the only market or strategy that there is; else an error says which."""

    def __call__(self, *, at: int, symbol: str, strategy: str) -> Awaitable[Explanation]:
        """The candle that opens at `at` (ns, UTC) or last before. Errors: as service/explain.py."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that came through the door. `word` is what stands in the path's {}, `actor` whose token it has."""

    http: web.BaseRequest
    query: Any
    body: Any = None
    word: Any = None
    actor: str = ""
    key: str = ""


@dataclass(slots=True)
class Desk:
    """The daemon, and what the API itself keeps of it."""

    handle: Handle
    tail: Tail
    explain: Explain
    speed: str
    version: str
    modules: list[Module]
    document: bytes = b""
    explaining: "asyncio.Future[Explanation] | None" = None
    streams: int = 0
    under_way: set["asyncio.Task[Ordered]"] = field(default_factory=set)

    async def order(self, command: Command) -> Ordered:
        """Have a command turned. It goes on, whether or not its client waits for it.

        Errors: Refused, where it is not known in time what became of it; those of the daemon.
        """
        task = asyncio.ensure_future(self.handle.order(command))
        self.under_way.add(task)
        task.add_done_callback(self._done)
        try:
            async with asyncio.timeout(ORDER_S):
                return await asyncio.shield(task)
        except TimeoutError:
            raise Refused(
                504,
                "undecided",
                f"after {ORDER_S:g} s it is not known whether this was done; it may still be",
                fix="ask again with the same Idempotency-Key: it is never done twice",
            ) from None

    def _done(self, task: "asyncio.Task[Ordered]") -> None:
        self.under_way.discard(task)
        if not task.cancelled() and isinstance(task.exception(), CandledError):
            return  # whoever still waited has been told

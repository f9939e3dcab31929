"""What the daemon shows to its other parts (API, metrics, alerts): one object, made by the composition root."""

from collections.abc import Callable, Sequence
from typing import Literal, Protocol

import msgspec

from kernel.events import Event
from kernel.kernel import Kernel
from kernel.messages import Command
from service.daemon.health import Health
from service.definition import RunDefinition
from service.log.record import Head

__all__ = ["Committed", "Handle", "Ordered"]

Committed = Callable[[int, Sequence[msgspec.Struct]], None]
"""Told of entries (messages and events) that became durable: the seq of the first, and all of them. Must be quick."""


class Ordered(msgspec.Struct, frozen=True):
    """What became of a command. `seq` is its record's; in the spool it has none yet (0) and no events.

    `repeated` says that its key was given before: this is what became of it then, events not repeated.
    """

    seq: int
    durable: Literal["log", "spool"]
    events: tuple[Event, ...] = ()
    repeated: bool = False


class Handle(Protocol):
    """A running daemon. `kernel` is for reading: its state may be ahead of what is durable by the turns under way."""

    stream: str
    run: str
    epoch: int
    definition: RunDefinition
    kernel: Kernel
    health: Health
    listeners: list[Committed]

    @property
    def head(self) -> Head:
        """The end of what is durable."""

    async def order(self, command: Command) -> Ordered:
        """Have a command turned; returns when it is durable. Its `ts` and `after` are set when it is turned.

        With the database down, SetTradingState and CancelAllOrders become durable in the spool instead.
        Errors: DatabaseUnavailable for any other command then; UsageError for a key that was used for another command.
        """

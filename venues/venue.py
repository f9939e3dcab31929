"""The one interface to the outside (ADR-40): orders out, answers and reports back, and what the account holds.

An answer that cannot be told apart from silence is `Unknown`: a state to resolve by query, never an error to retry.
`NotSent` alone is safe to send again. Every venue passes tests/venues/test_conformance.py.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Literal, Protocol

import msgspec

from kernel.events import OrderRequested
from kernel.messages import MarketMessage, Report

__all__ = [
    "AbsentFinal", "AbsentNow", "Accepted", "AccountSnapshot", "CancelOutcome", "Done", "Found", "Gone", "NotSent",
    "QueryOutcome", "Rejected", "SubmitOutcome", "Unknown", "Venue",
]  # fmt: skip


class Accepted(msgspec.Struct, frozen=True, gc=False):
    """The venue has the order, under an id of its own."""

    venue_order_id: str


class Rejected(msgspec.Struct, frozen=True, gc=False):
    """The venue refused the order for good; `code` is on the adapter's list of definite refusals."""

    code: str


class Unknown(msgspec.Struct, frozen=True, gc=False):
    """Sent, and no usable answer came: the order may be live."""

    reason: str


class NotSent(msgspec.Struct, frozen=True, gc=False):
    """Nothing left this machine."""

    reason: str


class Found(msgspec.Struct, frozen=True, gc=False):
    """The venue knows the order. Quantities in base units."""

    venue_order_id: str
    status: Literal["open", "filled", "canceled", "rejected", "expired"]
    quantity: Decimal
    filled: Decimal


class AbsentNow(msgspec.Struct, frozen=True, gc=False):
    """The venue does not know the order at this moment; a delayed request may still bring it."""


class AbsentFinal(msgspec.Struct, frozen=True, gc=False):
    """The venue does not know the order, and it is too late for it to arrive."""


class Done(msgspec.Struct, frozen=True, gc=False):
    """The order is canceled."""


class Gone(msgspec.Struct, frozen=True, gc=False):
    """There is no such open order: query what became of it."""


class AccountSnapshot(msgspec.Struct, frozen=True):
    """Balances by asset and the client order ids of open orders, as the venue states them at `ts`."""

    ts: int
    balances: Mapping[str, Decimal]
    open_orders: Sequence[str]


SubmitOutcome = Accepted | Rejected | Unknown | NotSent
QueryOutcome = Found | AbsentNow | AbsentFinal
CancelOutcome = Done | Gone | Unknown


class Venue(Protocol):
    """A place that takes orders.

    One that `answers_at_once` is asked between two messages, and its answers are turned before the next. Another is
    sent what a market instant requested when all messages of the instant are turned.
    """

    @property
    def answers_at_once(self) -> bool:
        """Whether what it says of an order may matter to the next message of the same instant."""

    def take(self, message: MarketMessage, /) -> Sequence[Report]:
        """See a market message before the kernel does; give the reports of what it filled."""

    def reports(self) -> Sequence[Report]:
        """What happened since the last call besides `take`; each report is given once."""

    async def submit(self, request: OrderRequested, client_order_id: str) -> SubmitOutcome:
        """Send an order that is durable in the log."""

    async def query(self, client_order_id: str) -> QueryOutcome:
        """Ask what became of an order."""

    async def cancel(self, client_order_id: str) -> CancelOutcome:
        """Ask for the end of an order."""

    async def account_snapshot(self) -> AccountSnapshot:
        """Ask what the account holds."""

"""One execution: market messages through venue and kernel, in processing order, and everything into the journal.

The order of a turn is the promise: what the kernel derived is in the journal, and as durable as the journal's home asks
for, before the venue hears of it, and the venue's answers become messages of their own.
"""

from collections.abc import Iterable, Sequence

from kernel.events import CancelRequested, Event, OrderRequested
from kernel.kernel import Kernel
from kernel.messages import LoggedMessage, MarketMessage, OrderAccepted, OrderRejected, OrderUnknown, Report
from service.journal import Journal
from venues.venue import Accepted, NotSent, Rejected, SubmitOutcome, Unknown, Venue

__all__ = ["Session"]

_Outgoing = tuple[int, OrderRequested | CancelRequested]
_SENT_KEPT = 4096  # wire ids of this many orders are kept before those of ended ones are forgotten


class Session:
    """Couples a kernel, a venue and a journal.

    `sent` are the wire ids of orders that went out, by order; `waiting` what goes out when the instant is over.
    """

    def __init__(self, kernel: Kernel, venue: Venue, journal: Journal) -> None:
        self.kernel = kernel
        self.venue = venue
        self.journal = journal
        self.sent: dict[int, str] = {}
        self.waiting: list[_Outgoing] = []
        self._at_once = venue.answers_at_once

    async def market(self, messages: Iterable[MarketMessage]) -> None:
        """Run market messages through: the venue first, then the kernel, then what the kernel requested."""
        take, turn, journal = self.venue.take, self.kernel.turn, self.journal
        keep = journal.pending.append if journal.keeps_market else None
        for message in messages:
            if self.waiting and message.ts != self.kernel.state.ts:
                await self.settle()
            for report in take(message):
                await self._sent_or_held(self._turn(report))
            events = turn(message)
            if keep is not None:
                keep(message)
            if events:
                await self.derived(events)

    async def derived(self, events: Sequence[Event]) -> None:
        """Log what the kernel derived from market messages, and send what it requests."""
        await self._sent_or_held(self._note(events))
        await self.journal.turned()

    async def message(self, message: LoggedMessage) -> Sequence[Event]:
        """Log a message that is not market data, between instants, and turn it; gives the events of that turn."""
        await self.settle()
        events = self.kernel.turn(message)
        await self._send(self._log(message, events))
        return events

    async def settle(self) -> None:
        """The instant is over: send what it requested."""
        if self.waiting:
            requests, self.waiting = self.waiting, []
            await self._send(requests)

    async def _sent_or_held(self, requests: list[_Outgoing]) -> None:
        if requests and self._at_once:
            await self._send(requests)
        elif requests:
            self.waiting += requests

    def _turn(self, message: LoggedMessage) -> list[_Outgoing]:
        return self._log(message, self.kernel.turn(message))

    def _log(self, message: LoggedMessage, events: Sequence[Event]) -> list[_Outgoing]:
        self.journal.pending.append(message)
        return self._note(events) if events else []

    def _note(self, events: Sequence[Event]) -> list[_Outgoing]:
        """Put events behind what is pending; give the requests among them, each with the seq that it will have."""
        journal = self.journal
        seq = journal.next_seq
        journal.pending.extend(events)
        return [(seq + place, event) for place, event in enumerate(events) if event.__class__ in _REQUESTS]  # type: ignore[misc]

    async def _send(self, requests: list[_Outgoing]) -> None:
        """Send requests, orders under ids made from their records, and turn the answers; then what those requested."""
        journal, after = self.journal, self.kernel.state.ordinal
        while requests:
            seq, request = requests.pop(0)
            await journal.durable(seq)
            journal.reached("before_dispatch")
            if isinstance(request, OrderRequested):
                wire_id = journal.wire_id(seq)
                self._remember(request.order, wire_id)
                outcome = await self.venue.submit(request, wire_id)
                journal.reached("in_dispatch")
                requests += self._turn(_answer(outcome, request, after))
            elif (known := self.sent.get(request.order)) is not None:
                canceled = await self.venue.cancel(known)
                journal.reached("in_dispatch")
                if isinstance(canceled, Unknown):
                    requests += self._turn(OrderUnknown(request.ts, after, request.order, canceled.reason))
            for report in self.venue.reports():
                requests += self._turn(report)
            journal.reached("after_dispatch")

    def _remember(self, order: int, wire_id: str) -> None:
        self.sent[order] = wire_id
        if len(self.sent) > _SENT_KEPT:
            live = self.kernel.state.orders
            self.sent = {number: known for number, known in self.sent.items() if number in live}


def _answer(outcome: SubmitOutcome, request: OrderRequested, after: int) -> Report:
    """The venue's answer to a submission, as the message that the kernel takes."""
    if isinstance(outcome, Accepted):
        return OrderAccepted(request.ts, after, request.order, outcome.venue_order_id)
    if isinstance(outcome, Rejected):
        return OrderRejected(request.ts, after, request.order, outcome.code)
    if isinstance(outcome, NotSent):  # safe to send again, but the strategy must ask for it: its candle is over
        return OrderRejected(request.ts, after, request.order, "not_sent")
    return OrderUnknown(request.ts, after, request.order, outcome.reason)


_REQUESTS = frozenset({OrderRequested, CancelRequested})

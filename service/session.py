"""One execution: market messages through venue and kernel, in processing order, and everything into the log.

The order of a turn is the promise: what the kernel derived is chained before the venue hears of it, and the venue's
answers become messages of their own. A simulated venue dies with the process, so durability may come a batch later;
a venue outside this process needs every request durable before it is sent.
"""

from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec

from kernel.events import CancelRequested, CandlesSkipped, Event, OrderRequested
from kernel.kernel import Kernel
from kernel.messages import LoggedMessage, MarketMessage, OrderAccepted, OrderRejected, OrderUnknown, Report
from service.log.record import Chain
from service.log.store import LogWriter
from venues.venue import Accepted, NotSent, Rejected, SubmitOutcome, Unknown, Venue

__all__ = ["Session"]

_BATCH = 512  # records chained and appended together; 256 to 1,024 measured alike


_Outgoing = tuple[int, OrderRequested | CancelRequested]
_SENT_KEPT = 4096  # wire ids of this many orders are kept before those of ended ones are forgotten


class Session:
    """Couples a kernel, a venue and the writer of a stream.

    `counts` tells how many records of each type were made, `skips` how many candles ended undecided, by reason.
    """

    def __init__(self, kernel: Kernel, venue: Venue, writer: LogWriter, *, wire_prefix: str) -> None:
        self.kernel = kernel
        self.venue = venue
        self.chain = Chain(epoch=writer.epoch, head=writer.head)
        self.counts: Counter[str] = Counter()
        self.skips: Counter[str] = Counter()
        self._writer = writer
        self._wire_prefix = wire_prefix
        self._pending: list[msgspec.Struct] = []
        self._wire_ids: dict[int, str] = {}

    async def market(self, messages: Iterable[MarketMessage]) -> None:
        """Run market messages through: the venue first, then the kernel, then what the kernel requested."""
        take, turn = self.venue.take, self.kernel.turn
        for message in messages:
            for report in take(message):
                await self.message(report)
            events = turn(message)
            if events:
                await self.derived(events)

    async def derived(self, events: Sequence[Event]) -> None:
        """Log what the kernel derived from market messages, and send what it requests."""
        requests = self._note(events)
        if requests:
            await self._send(requests)
        if len(self._pending) >= _BATCH:
            await self.flush()

    async def message(self, message: LoggedMessage) -> None:
        """Log a message that is not market data, and turn it."""
        requests = self._turn(message)
        if requests:
            await self._send(requests)

    async def flush(self) -> None:
        """Chain what is pending and append it to the log."""
        pending = self._pending
        if pending:
            for entry in pending:
                if entry.__class__ is CandlesSkipped:
                    self.skips.update(entry.counts)
            records = self.chain.extend(pending)
            pending.clear()
            self.counts.update([record.type for record in records])
            await self._writer.append(records)

    def _turn(self, message: LoggedMessage) -> list[_Outgoing]:
        self._pending.append(message)
        events = self.kernel.turn(message)
        return self._note(events) if events else []

    def _note(self, events: Sequence[Event]) -> list[_Outgoing]:
        """Put events behind what is pending; give the requests among them, each with the seq that it will have."""
        seq = self.chain.head.seq + len(self._pending) + 1
        self._pending.extend(events)
        return [(seq + place, event) for place, event in enumerate(events) if event.__class__ in _REQUESTS]  # type: ignore[misc]

    async def _send(self, requests: list[_Outgoing]) -> None:
        """Send requests, orders under ids made from their records, and turn the answers; then what those requested."""
        state = self.kernel.state
        while requests:
            seq, request = requests.pop(0)
            if isinstance(request, OrderRequested):
                wire_id = f"{self._wire_prefix}-{seq}"
                self._remember(request.order, wire_id)
                outcome = await self.venue.submit(request, wire_id)
                requests += self._turn(_answer(outcome, request, state.ordinal))
            elif (known := self._wire_ids.get(request.order)) is not None:
                canceled = await self.venue.cancel(known)
                if isinstance(canceled, Unknown):
                    requests += self._turn(OrderUnknown(request.ts, state.ordinal, request.order, canceled.reason))
            for report in self.venue.reports():
                requests += self._turn(report)

    def _remember(self, order: int, wire_id: str) -> None:
        self._wire_ids[order] = wire_id
        if len(self._wire_ids) > _SENT_KEPT:
            live = self.kernel.state.orders
            self._wire_ids = {number: known for number, known in self._wire_ids.items() if number in live}


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

"""The two venues behind one face: what is said to either of them, and what it answers and reports."""

from collections.abc import Coroutine, Mapping, Sequence
from decimal import Decimal
from typing import Any

from kernel.account import Account
from kernel.events import OrderRequested
from kernel.instrument import Instrument
from kernel.messages import CandleClosed, InstantClosed, Report
from tests.venues.reference.matcher import ReferenceVenue
from tests.venues.reference.order import decimal
from venues.simulated import SimulatedVenue
from venues.simulation import SimulatedVenueConfig
from venues.venue import CancelOutcome, SubmitOutcome

Rows = Sequence[tuple[int, int, int, int, int, int]]


class Detail:
    """Finer candles, by symbol and the open time of the candle that they are the inside of."""

    def __init__(self, rows: Mapping[tuple[str, int], Rows]):
        self.rows = rows

    def inside(self, symbol: str, open_time: int, close_ts: int) -> Rows:
        return self.rows.get((symbol, open_time), ())


class SimulatedDesk:
    """The venue itself."""

    def __init__(
        self,
        config: SimulatedVenueConfig,
        instruments: Sequence[Instrument],
        account: Account,
        *,
        seed: int = 0,
        detail: Detail | None = None,
    ):
        self.made = lambda: SimulatedVenue(config, instruments, account, seed=seed, detail=detail)
        self.venue, self.symbols = self.made(), [instrument.symbol for instrument in instruments]

    def submit(self, request: OrderRequested) -> tuple[SubmitOutcome, list[Report]]:
        return finish(self.venue.submit(request, f"c{request.order}")), list(self.venue.reports())

    def cancel(self, number: int) -> tuple[CancelOutcome, list[Report]]:
        return finish(self.venue.cancel(f"c{number}")), list(self.venue.reports())

    def candle(self, message: CandleClosed) -> list[Report]:
        return [*self.venue.take(message), *self.venue.reports()]

    def instant(self, message: InstantClosed) -> list[Report]:
        return [*self.venue.take(message), *self.venue.reports()]

    def balances(self) -> dict[str, Decimal]:
        held = finish(self.venue.account_snapshot()).balances
        return {asset: amount for asset, amount in held.items() if amount != 0}

    def open_orders(self) -> list[int]:
        return sorted(int(name[1:]) for name in finish(self.venue.account_snapshot()).open_orders)


class BlockDesk(SimulatedDesk):
    """The venue as block mode uses it: it is shown only the candles that it asked for, and restored now and then."""

    def candle(self, message: CandleClosed) -> list[Report]:
        if message.ts // 60_000_000_000 % 3 == 0:
            saved, self.venue = self.venue.snapshot(), self.made()
            self.venue.restore(saved)
        own = self.venue.wake(message.symbol)
        due = any(message.ts >= self.venue.wake(symbol).ts for symbol in self.symbols)
        if due or message.low <= own.low or message.high >= own.high:
            return super().candle(message)
        self.venue.passed(1, message.ts, {message.symbol: message.close})
        return list(self.venue.reports())


class ReferenceDesk(ReferenceVenue):
    """The reference."""

    def instant(self, message: InstantClosed) -> list[Report]:
        self.book.after += 1  # it is counted, and nothing else
        return []

    def balances(self) -> dict[str, Decimal]:
        return {asset: decimal(amount) for asset, amount in self.book.balances.items() if amount != 0}

    def open_orders(self) -> list[int]:
        return [order.number for order in self.book.live()]


def finish(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """The result of a coroutine that waits for nothing."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        return done.value
    raise AssertionError("it waited")

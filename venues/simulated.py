"""The simulated venue, candle depth: market orders, filled whole, at a candle's close or at the next one's open.

Its state is a fold of the market messages it was shown and the orders it was sent: the same ones give the same
reports, and a snapshot of it is a copy. It keeps an account of its own, as a venue does, and will not lend.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import chain, islice

import msgspec

from kernel.events import OrderRequested
from kernel.instrument import Instrument
from kernel.messages import MarketMessage, OrderCanceled, OrderFilled, Report
from kernel.money import ZERO, add, is_multiple, multiply, pinned, subtract
from venues.fills import SimulatedVenueConfig, fill_of
from venues.venue import (
    AbsentFinal,
    Accepted,
    AccountSnapshot,
    CancelOutcome,
    Done,
    Found,
    Gone,
    QueryOutcome,
    Rejected,
    SubmitOutcome,
)

__all__ = ["SimulatedVenue"]

_NOTHING: Sequence[Report] = ()
_REMEMBERED = 1024  # `query` finds the open orders and at least this many of the newest: a history, bounded


class _Resting(msgspec.Struct, frozen=True):
    """An accepted order that waits for its symbol's next candle."""

    client_order_id: str
    request: OrderRequested


@dataclass(slots=True)
class _State:
    balances: dict[str, Decimal]
    ordinal: int = 0
    ts: int = 0
    closes: dict[str, int] = field(default_factory=dict)
    resting: dict[str, list[_Resting]] = field(default_factory=dict)
    reports: list[OrderFilled | OrderCanceled] = field(default_factory=list)
    history: dict[str, Found] = field(default_factory=dict)


class SimulatedVenue:
    """See the module. `instruments` by symbol, with the fee rates that apply; `balances` is the opening account."""

    def __init__(
        self, config: SimulatedVenueConfig, instruments: Sequence[Instrument], balances: Mapping[str, Decimal]
    ) -> None:
        self._same_close = config.fill == "same_close"
        self._slippage_rate = config.slippage_rate
        self._instruments = {i.symbol: i for i in instruments}
        self._state = _State(dict(balances))

    def take(self, message: MarketMessage) -> Sequence[Report]:
        """See a candle; fill what waited for its open. A report follows the market message before this one."""
        state = self._state
        filled = self._fill_resting(message) if state.resting else _NOTHING
        state.ordinal += 1
        state.ts = message.ts
        state.closes[message.symbol] = message.close
        return filled

    def passed(self, count: int, ts: int, closes: Mapping[str, int]) -> None:
        """Take candles of markets in which nothing rests, all at once: how many, the last time, the last closes."""
        state = self._state
        state.ordinal += count
        state.ts = ts
        state.closes.update(closes)

    def reports(self) -> Sequence[Report]:
        """The fills of orders that were filled as they were submitted."""
        waiting = self._state.reports
        if not waiting:
            return _NOTHING
        self._state.reports = []
        return waiting

    async def submit(self, request: OrderRequested, client_order_id: str) -> SubmitOutcome:
        """Accept a market order; refuse one that has no price yet, is not whole lots, or was sent before."""
        state = self._state
        if client_order_id in state.history:
            return Rejected("duplicate_client_order_id")
        price_units = state.closes.get(request.symbol)
        if price_units is None:
            return Rejected("no_market")
        lot = self._instruments[request.symbol].lot
        if request.quantity <= ZERO or not is_multiple(lot, request.quantity):
            return Rejected("invalid_quantity")
        self._remember(client_order_id, request, "open")
        resting = _Resting(client_order_id, request)
        if self._same_close:
            state.reports.append(self._fill(resting, price_units, state.ts))
        else:
            state.resting.setdefault(request.symbol, []).append(resting)
        return Accepted(f"sim-{request.order}")

    async def query(self, client_order_id: str) -> QueryOutcome:
        """What became of an order; nothing travels here, so an absent one is absent for good."""
        return self._state.history.get(client_order_id, AbsentFinal())

    async def cancel(self, client_order_id: str) -> CancelOutcome:
        """Cancel an order that waits for the next candle."""
        state = self._state
        for symbol, waiting in list(state.resting.items()):
            for resting in waiting:
                if resting.client_order_id == client_order_id:
                    waiting.remove(resting)
                    if not waiting:
                        del state.resting[symbol]
                    state.reports.append(self._canceled(resting, state.ts, "requested"))
                    return Done()
        return Gone()

    async def account_snapshot(self) -> AccountSnapshot:
        """Balances and open orders after the newest market message."""
        state = self._state
        waiting = [r.client_order_id for orders in state.resting.values() for r in orders]
        return AccountSnapshot(state.ts, dict(state.balances), waiting)

    def snapshot(self) -> bytes:
        """The whole state, as bytes that `restore` takes back."""
        with pinned():
            return msgspec.msgpack.encode(self._state)

    def restore(self, snapshot: bytes) -> None:
        """Become the venue that made `snapshot`."""
        self._state = msgspec.msgpack.decode(snapshot, type=_State)

    def _fill_resting(self, message: MarketMessage) -> Sequence[Report]:
        waiting = self._state.resting.pop(message.symbol, ())
        return [self._fill(resting, message.open, message.ts) for resting in waiting]

    def _fill(self, resting: _Resting, price_units: int, ts: int) -> OrderFilled | OrderCanceled:
        """Fill the order, or cancel it where the account cannot pay."""
        request = resting.request
        instrument = self._instruments[request.symbol]
        after = self._state.ordinal
        fill = fill_of(request, instrument, price_units, ts=ts, after=after, slippage_rate=self._slippage_rate)
        notional = multiply(fill.price, fill.quantity)
        base, quote = instrument.base, instrument.quote
        balances = self._state.balances
        base_held, quote_held = balances.get(base, ZERO), balances.get(quote, ZERO)
        if request.side == "buy":
            base_after = add(base_held, fill.quantity)
            quote_after = subtract(quote_held, add(notional, fill.fee))
        else:
            base_after = subtract(base_held, fill.quantity)
            quote_after = add(quote_held, subtract(notional, fill.fee))
        if base_after < ZERO or quote_after < ZERO:
            return self._canceled(resting, ts, "insufficient_balance")
        balances[base], balances[quote] = base_after, quote_after
        self._remember(resting.client_order_id, request, "filled")
        return fill

    def _canceled(self, resting: _Resting, ts: int, reason: str) -> OrderCanceled:
        self._remember(resting.client_order_id, resting.request, "canceled")
        return OrderCanceled(ts, self._state.ordinal, resting.request.order, reason)

    def _remember(self, client_order_id: str, request: OrderRequested, status: str) -> None:
        filled = request.quantity if status == "filled" else ZERO
        history = self._state.history
        history[client_order_id] = Found(f"sim-{request.order}", status, request.quantity, filled)  # type: ignore[arg-type]
        if len(history) > 2 * _REMEMBERED:
            newest = islice(history.items(), _REMEMBERED, None)
            resting = ((known, found) for known, found in history.items() if found.status == "open")
            self._state.history = dict(chain(resting, newest))

"""The ledger: fills and positions of a log, folded into trades whose profits add up to the account's, exactly.

Rule of this file: nothing is rounded but where a fill goes through zero and two trades share it, and there the second
one takes the remainder. Amounts are kept by asset until a trade ends; marks only say what they are worth.
"""

from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from kernel.errors import CheckFailed
from kernel.events import OrderKind, OrderRequested, PositionChanged, Purpose
from kernel.instrument import Instrument
from kernel.messages import OrderFilled, StreamOpened
from kernel.money import ZERO, add, multiply, sign, subtract
from kernel.portfolio import side_of
from research.report.costs import Costs
from research.report.prices import Prices
from research.report.round_trip import Part, RoundTrip, split
from research.report.trades import OpenPosition, Trade

__all__ = ["FillTimes", "Ledger"]


@dataclass(slots=True)
class FillTimes:
    """The fills of one symbol, as columns: what is looked up in its candles later."""

    ts: "array[int]" = field(default_factory=lambda: array("q"))
    order: "array[int]" = field(default_factory=lambda: array("q"))
    quantity: "array[float]" = field(default_factory=lambda: array("d"))


@dataclass(slots=True)
class _Sent:
    """An order that may still be filled: also after it ended, since fills travel by a slower way than its end."""

    side: int
    kind: OrderKind
    purpose: Purpose
    remaining: Decimal


@dataclass(slots=True)
class _Position:
    strategy: str
    instrument: Instrument
    quantity: Decimal = ZERO
    cost: Decimal = ZERO
    trip: RoundTrip | None = None


class Ledger:
    """Takes the records of one log in order. `lengths_ns` are the lengths of the symbols' candles.

    `in_market_ns` is for how long some strategy held something, `fills` what was filled, by symbol.
    """

    def __init__(self, opened: StreamOpened, prices: Prices, lengths_ns: Mapping[str, int]) -> None:
        self.prices = prices
        self.costs = Costs()
        self.trades: list[Trade] = []
        self.fills: dict[str, FillTimes] = {}
        self.in_market_ns = 0
        self._lengths_ns = lengths_ns
        self._instruments = {instrument.symbol: instrument for instrument in opened.instruments}
        self._balances = dict(opened.account.balances)  # what trades and fees have made of them; open positions apart
        self._sent: dict[int, _Sent] = {}
        self._fill: OrderFilled | None = None
        self._positions: dict[tuple[str, str], _Position] = {}
        self._held: dict[tuple[str, str], _Position] = {}
        self._held_since = 0

    def requested(self, request: OrderRequested) -> None:
        """An order was sent: its fills will be of its side, kind and purpose."""
        side = 1 if request.side == "buy" else -1
        self._sent[request.order] = _Sent(side, request.kind, request.purpose, request.quantity)

    def filled(self, fill: OrderFilled) -> None:
        """A fill was reported. It counts once its position has changed: the kernel refuses some."""
        self._fill = fill

    def changed(self, change: PositionChanged) -> None:
        """A fill was booked. Errors: CheckFailed where the log does not hold that fill, or its order."""
        fill, order = self._fill, self._sent.get(change.order)
        if fill is None or fill.order != change.order or order is None:
            what = f"a position was changed by order {change.order} at {change.ts}, and the log has no such fill"
            raise CheckFailed(what, fix="candled log verify RUN tells whether the log is whole")
        self._fill = None
        order.remaining = subtract(order.remaining, fill.quantity)
        if order.remaining == ZERO:
            del self._sent[change.order]
        key = (change.strategy, change.symbol)
        position = self._positions.get(key)
        if position is None:
            position = self._positions[key] = _Position(change.strategy, self._instruments[change.symbol])
        self._move(position, change, self._part(order, fill, position.instrument), order, fill)
        position.quantity, position.cost = change.quantity, change.cost
        self._note_presence(key, position, change.ts)
        columns = self.fills.setdefault(change.symbol, FillTimes())
        columns.ts.append(fill.ts)
        columns.order.append(fill.order)
        columns.quantity.append(float(fill.quantity))

    def end(self, ts: int) -> None:
        """The log ends here: whoever is in the market stays no longer."""
        if self._held:
            self.in_market_ns += ts - self._held_since
            self._held_since = ts

    def gross(self, ts: int) -> float:
        """The worth of all positions at last prices, whichever way they point."""
        worths = (self._worth(p.quantity.copy_abs(), p.instrument, ts) for p in self._held.values())
        return sum(float(worth) for worth in worths if worth is not None)

    def open_positions(self, ts: int) -> Iterator[OpenPosition]:
        """What is held at `ts`, at the prices of that time; what has no price yet counts nothing."""
        for position in self._positions.values():
            if position.quantity != ZERO or position.trip is not None:
                yield self._open_position(position, ts)

    def worth(self, ts: int) -> Decimal | None:
        """What the bookings say that the account is worth at `ts`; None where something of it has no price.

        The opening balances, what closed trades made, fees in third assets, and what open positions hold and cost.
        """
        balances = dict(self._balances)
        for position in self._positions.values():
            base, quote = position.instrument.base, position.instrument.quote
            earned = position.trip.net_quote if position.trip is not None else ZERO
            balances[base] = add(balances.get(base, ZERO), position.quantity)
            balances[quote] = add(balances.get(quote, ZERO), subtract(earned, position.cost))
        worth = ZERO
        for asset, balance in balances.items():
            if balance != ZERO:
                part = self.prices.worth(balance, asset, ts)
                if part is None:
                    return None
                worth = add(worth, part)
        return worth

    def _part(self, order: _Sent, fill: OrderFilled, instrument: Instrument) -> Part:
        """The whole fill as a part of one round trip; the costs are told of it."""
        self.prices.filled(instrument.symbol, fill.price)
        notional = multiply(fill.price, fill.quantity)
        unit = self._quote_unit(instrument, fill.ts)
        asset, fee = fill.fee_asset, fill.fee
        if asset == instrument.base:
            counted = multiply(multiply(fee, fill.price), unit)
        elif asset == instrument.quote:
            counted = multiply(fee, unit)
        else:
            counted = self.prices.worth(fee, asset, fill.ts) or ZERO
            self._balances[asset] = subtract(self._balances.get(asset, ZERO), fee)
        self.costs.take(fill, symbol=instrument.symbol, kind=order.kind, notional=notional, unit=unit, fee=counted)
        return Part(
            quantity=fill.quantity,
            notional=notional,
            quote_fee=fee if asset == instrument.quote else ZERO,
            other_fee=counted if asset not in {instrument.base, instrument.quote} else ZERO,
            fee=counted,
        )

    def _move(self, position: _Position, change: PositionChanged, part: Part, order: _Sent, fill: OrderFilled) -> None:
        """Give a fill to the round trip it belongs to; through zero, to the one that it ends and the one it begins."""
        side, realized, ambiguous = order.side, change.realized_profit, fill.ambiguous
        instrument, trip = position.instrument, position.trip
        ends = side_of(instrument, change.quantity)
        if trip is not None and trip.side != side and ends == side:
            size = position.quantity.copy_abs()
            closing, part = split(part, min(size, part.quantity))
            trip.take(closing, enters=False, realized=realized, ambiguous=ambiguous)
            self._close(position, trip, order.purpose, fill.ts)
            trip, realized = None, ZERO
        if trip is None:
            trip = position.trip = RoundTrip(side, fill.ts)
        trip.take(part, enters=trip.side == side, realized=realized, ambiguous=ambiguous)
        if ends == 0 and trip.side != side:
            self._close(position, trip, order.purpose, fill.ts)

    def _close(self, position: _Position, trip: RoundTrip, purpose: Purpose, ts: int) -> None:
        quote = position.instrument.quote
        self._balances[quote] = add(self._balances.get(quote, ZERO), trip.net_quote)
        trade = trip.closed(
            ts,
            strategy=position.strategy,
            symbol=position.instrument.symbol,
            exit_reason=purpose,
            quote_unit=self._quote_unit(position.instrument, ts),
            length_ns=self._lengths_ns[position.instrument.symbol],
        )
        self.trades.append(trade)
        position.trip = None

    def _open_position(self, position: _Position, ts: int) -> OpenPosition:
        instrument, trip = position.instrument, position.trip or RoundTrip(sign(position.quantity), 0)
        unit, price = self._quote_unit(instrument, ts), self.prices.last(instrument.symbol, ts)
        gained = ZERO if price is None else subtract(multiply(position.quantity, price), position.cost)
        return OpenPosition(
            strategy=position.strategy,
            symbol=instrument.symbol,
            quantity=position.quantity,
            cost=position.cost,
            price=price,
            fees=trip.fees,
            profit=add(trip.profit(unit), multiply(gained, unit)),
            entry_time=None if position.trip is None else position.trip.entry_time,
            dust=side_of(instrument, position.quantity) == 0,
        )

    def _note_presence(self, key: tuple[str, str], position: _Position, ts: int) -> None:
        if side_of(position.instrument, position.quantity) != 0:
            self._held_since = self._held_since if self._held else ts
            self._held[key] = position
        elif self._held.pop(key, None) is not None and not self._held:
            self.in_market_ns += ts - self._held_since

    def _worth(self, quantity: Decimal, instrument: Instrument, ts: int) -> Decimal | None:
        price = self.prices.last(instrument.symbol, ts)
        return None if price is None else multiply(multiply(quantity, price), self._quote_unit(instrument, ts))

    def _quote_unit(self, instrument: Instrument, ts: int) -> Decimal:
        """One unit of quote in the account's currency; nothing before it has a price."""
        return self.prices.unit(instrument.quote, ts) or ZERO

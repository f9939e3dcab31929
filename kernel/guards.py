"""What ends positions or stops trading without a decision: time barriers, moving stops, protections, late fills."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from kernel.brackets import Exits
from kernel.closing import cancels, exit_order, has_exit
from kernel.events import CancelRequested, Event, OrderRequested, Purpose, RiskRefused, TradingStateChanged
from kernel.evolve import begin_exit_clock, evolve
from kernel.messages import CandleClosed, OrderFilled
from kernel.money import ZERO, add, from_units, subtract
from kernel.orders import OrderState
from kernel.portfolio import equity, side_of
from kernel.reports import mark
from kernel.risk.approve import Refusal
from kernel.risk.protections import Breach, Protection, on_candle, on_equity, on_round_trip
from kernel.risk.trading import over
from kernel.state import Market, Position, State

__all__ = ["Guards", "close_all", "restrict"]

_NOTHING: Sequence[Event] = ()
_STOPS = ("stop", "trailing")


class _Cause(NamedTuple):
    ts: int
    strategy: str
    candle: int


class Guards:
    """`exits` by strategy; `protections` are the account's."""

    def __init__(self, exits: Mapping[str, Exits], protections: Sequence[Protection]) -> None:
        self._protections = protections
        self._stopped = {name for name, given in exits.items() if given.has_stop}
        self._watched = [name for name, given in exits.items() if given.minutes or given.break_even is not None]
        self.protects = bool(protections)
        self.idle = not (protections or self._watched)

    def candle(self, state: State, market: Market, candle: CandleClosed) -> Sequence[Event]:
        """What a candle's close ends, moves or stops."""
        events: list[Event] = []
        for halt in over(state, candle.ts):
            lifted = TradingStateChanged(
                candle.ts, halt.strategy, halt.symbol, "active", halt.cause, 0, "", flatten=False
            )
            events += restrict(state, lifted, cancel_entries=False, purpose="protection")
        for name, book in state.books.items():
            if candle.symbol in book.positions and _is_flattened(state, name, candle.symbol):
                events += _close(state, name, candle.symbol, candle.ts, "protection", again=True)
        for name in self._watched:
            position = state.books[name].positions.get(candle.symbol)
            if position is not None and (position.live or position.exit_at):
                events += self._barrier(state, name, market, position, candle)
        if self._protections:
            breaches = on_candle(self._protections, state, market, candle)
            if state.opened:
                breaches += on_equity(self._protections, state, candle.ts, equity(state))
            events += _restricted(state, candle.ts, breaches)
        return events

    def _barrier(
        self, state: State, name: str, market: Market, position: Position, candle: CandleClosed
    ) -> Sequence[Event]:
        if position.exit_at and candle.ts >= position.exit_at:
            return _close(state, name, candle.symbol, candle.ts, "time")
        close = from_units(market.last, market.instrument.price_decimals)
        events: list[Event] = []
        for number in list(position.live):
            order = state.orders[number]
            stop = order.request
            if stop.advance_at is None or order.state is OrderState.CANCELING or not position.quantity:
                continue
            if close >= stop.advance_at if stop.side == "sell" else close <= stop.advance_at:
                moved = _advanced(stop, candle.ts, state)
                evolve(state, moved)
                events.append(moved)
        return events

    def unguarded(self, state: State, ended: OrderRequested, ts: int) -> Sequence[Event]:
        """Close what a strategy with stops holds without one: a stop was refused, or an entry filled after its end."""
        if ended.strategy not in self._stopped or (ended.parent and ended.purpose not in _STOPS):
            return _NOTHING
        position = state.books[ended.strategy].positions[ended.symbol]
        if not side_of(state.markets[ended.symbol].instrument, position.quantity):
            return _NOTHING
        if any(state.orders[number].request.purpose in _STOPS for number in position.live):
            return _NOTHING
        return _close(state, ended.strategy, ended.symbol, ts, "protection")

    def filled(self, state: State, fill: OrderFilled, strategy: str, symbol: str, *, closed: bool) -> Sequence[Event]:
        """What follows from a fill: a round trip that ended may breach, and what was flattened is closed again."""
        events: list[Event] = []
        if closed and self._protections:
            events += _restricted(state, fill.ts, on_round_trip(self._protections, state, strategy, symbol, fill.ts))
        if _is_flattened(state, strategy, symbol):
            events += _close(state, strategy, symbol, fill.ts, "protection")
        return events


def _is_flattened(state: State, strategy: str, symbol: str) -> bool:
    return any(h.flatten and h.strategy in ("", strategy) and h.symbol in ("", symbol) for h in state.halts)


def _advanced(stop: OrderRequested, ts: int, state: State) -> OrderRequested:
    """The same stop where it is to be from now on; the limit of a stop_limit keeps its distance."""
    price = stop.price
    if price is not None and stop.advance_to is not None and stop.trigger is not None:
        price = add(stop.advance_to, subtract(price, stop.trigger))
    return replace(
        stop, ts=ts, candle=state.ordinal, order=state.orders_requested + 1, replaces=stop.order,
        trigger=stop.advance_to, price=price, advance_at=None, advance_to=None,
    )  # fmt: skip


def _restricted(state: State, ts: int, breaches: Sequence[Breach]) -> Sequence[Event]:
    events: list[Event] = []
    for breach in breaches:
        change = TradingStateChanged(
            ts, breach.strategy, breach.symbol, breach.state, breach.cause, breach.until, breach.detail,
            breach.action == "flatten",
        )  # fmt: skip
        events += restrict(state, change, cancel_entries=breach.action != "block", purpose="protection")
    return events


def restrict(state: State, change: TradingStateChanged, *, cancel_entries: bool, purpose: Purpose) -> Sequence[Event]:
    """Set a trading state, and do what it asks for: cancel what would enter, or everything, and close what is held."""
    evolve(state, change)
    events: list[Event] = [change]
    if state.peak == ZERO and state.opened:  # a drawdown is over: its peak begins anew
        events.append(mark(state, change.ts, "resumed"))
    if change.flatten:
        events += close_all(state, change.ts, change.strategy, change.symbol, purpose)
    elif cancel_entries:
        for order in state.orders.values():
            if order.state is not OrderState.CANCELING and _enters(order.request, change):
                request = order.request
                wish = CancelRequested(change.ts, request.strategy, request.symbol, request.order, change.cause)
                evolve(state, wish)
                events.append(wish)
    return events


def _enters(request: OrderRequested, change: TradingStateChanged) -> bool:
    """Whether an order that a change covers would make a position larger."""
    covered = change.strategy in ("", request.strategy) and change.symbol in ("", request.symbol)
    return covered and not request.reduce_only and not request.parent


def close_all(state: State, ts: int, strategy: str, symbol: str, purpose: Purpose) -> Sequence[Event]:
    """Cancel every order and close every position that a strategy (or every: "") has in a symbol (or in all: "")."""
    events: list[Event] = []
    for name, book in state.books.items():
        for traded in book.positions:
            if strategy in ("", name) and symbol in ("", traded):
                events += _close(state, name, traded, ts, purpose)
    return events


def _close(
    state: State, strategy: str, symbol: str, ts: int, purpose: Purpose, *, again: bool = False
) -> Sequence[Event]:
    """Cancel a position's orders and close it at the market, unless that is on its way already.

    What cannot be closed for its smallness is refused, in a record; but not `again`.
    """
    position = state.books[strategy].positions[symbol]
    instrument = state.markets[symbol].instrument
    events: list[Event] = [*cancels(state, position, ts, purpose)]
    for event in events:
        evolve(state, event)
    if has_exit(state, position) or not side_of(instrument, position.quantity):
        return events
    cause = _Cause(ts, strategy, state.ordinal)
    closing = exit_order(state, position, instrument, cause, state.orders_requested + 1, purpose)
    if isinstance(closing, Refusal):
        begin_exit_clock(position, 0)
        if again:
            return events
        refused = RiskRefused(ts, strategy, symbol, state.ordinal, ZERO, closing.reason, closing.detail)
        evolve(state, refused)
        return [*events, refused]
    evolve(state, closing)
    return [*events, closing]

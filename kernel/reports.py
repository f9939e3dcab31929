"""What a venue's report does: the order's table judges it, fills are booked once, and what contradicts is refused."""

from collections.abc import Mapping, Sequence

from kernel.brackets import Exits
from kernel.events import EquityMarked, Event, ReportRefused
from kernel.evolve import begin_exit_clock, evolve, fold_report, settle
from kernel.messages import OrderFilled, Report
from kernel.money import ZERO, add
from kernel.orders import TRANSITIONS, TRIGGERS, Order, OrderState, Trigger
from kernel.portfolio import book_fill, check_conservation, equity, side_of
from kernel.state import Position, State
from kernel.timeframe import NS_PER_SECOND

__all__ = ["mark", "take_fill", "take_report"]

_MINUTE_NS = 60 * NS_PER_SECOND
_NOTHING: Sequence[Event] = ()
_FORCED = ("time", "protection", "command")  # exits that nobody decided on


def take_fill(state: State, exits: Mapping[str, Exits], fill: OrderFilled) -> Sequence[Event]:
    """Book a fill, whatever came before it: an acknowledgement, other fills, even the order's end."""
    order = state.orders.get(fill.order) or state.ended.get(fill.order)
    if order is None:
        return _refuse(state, fill, "no_such_order", None)
    if fill.trade_id in order.trade_ids:
        return _refuse(state, fill, "trade_already_booked", None)
    if fill.quantity <= ZERO or fill.price <= ZERO:
        return _refuse(state, fill, "not_a_trade", order)
    filled = add(order.filled, fill.quantity)
    if filled > order.request.quantity:
        return _refuse(state, fill, "more_than_was_ordered", order)
    becomes = TRANSITIONS[order.state][Trigger.FILLED if filled == order.request.quantity else Trigger.PARTLY_FILLED]
    if becomes is None:
        return _refuse(state, fill, f"order_is_{order.state}", order)
    return _book(state, exits, order, fill, becomes)


def _book(
    state: State, exits: Mapping[str, Exits], order: Order, fill: OrderFilled, becomes: OrderState
) -> Sequence[Event]:
    request = order.request
    instrument = state.markets[request.symbol].instrument
    position = state.position(order)
    was = side_of(instrument, position.quantity)
    change = book_fill(state, instrument, position, order, fill)
    fold_report(state, order, fill, becomes)
    evolve(state, change)
    check_conservation(state, instrument.base, instrument.quote, fill.fee_asset)
    now = side_of(instrument, position.quantity)
    minutes = exits[request.strategy].minutes
    if minutes and now and now != was:
        begin_exit_clock(position, fill.ts + minutes * _MINUTE_NS)
    _settle(state, exits[request.strategy], order, position, now)
    return (change, mark(state, fill.ts, "fill")) if state.opened else (change,)


def _settle(state: State, exits: Exits, order: Order, position: Position, side: int) -> None:
    """On which side the strategy stands now, once nothing that it ordered is under way any more."""
    request = order.request
    if request.parent or request.purpose in _FORCED:
        if side == 0 and exits.reenter == "at_once" and not _under_way(state, position):
            settle(position, 0)
    elif not _under_way(state, position):
        settle(position, side)


def _under_way(state: State, position: Position) -> bool:
    return bool(position.live) and any(not state.orders[number].request.parent for number in position.live)


def take_report(state: State, exits: Mapping[str, Exits], report: Report) -> Sequence[Event]:
    """Write any other report into its order."""
    order = state.orders.get(report.order) or state.ended.get(report.order)
    if order is None:
        return _refuse(state, report, "no_such_order", None)
    becomes = TRANSITIONS[order.state][TRIGGERS[report.__class__]]
    if becomes is None:
        return _refuse(state, report, f"order_is_{order.state}", order)
    ends = order.request.order in state.orders
    fold_report(state, order, report, becomes)
    if ends and order.request.order not in state.orders:
        position = state.position(order)
        side = side_of(state.markets[order.request.symbol].instrument, position.quantity)
        if not order.request.parent:
            _settle(state, exits[order.request.strategy], order, position, side)
    return _NOTHING


def _refuse(state: State, report: Report, reason: str, order: Order | None) -> Sequence[Event]:
    """Nothing is booked; an order that the report contradicts is quarantined."""
    event = ReportRefused(report.ts, report.order, type(report).__name__, reason, order is not None)
    evolve(state, event)
    return (event,)


def mark(state: State, ts: int, cause: str) -> EquityMarked:
    """The account's worth at the last prices."""
    currency = state.account.currency
    event = EquityMarked(ts, cause, currency, state.balances.get(currency, ZERO), equity(state))  # type: ignore[arg-type]
    evolve(state, event)
    return event

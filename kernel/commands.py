"""What an operator's command does. It is a message in the log like any other; one that cannot be done is refused."""

from collections.abc import Sequence

from msgspec.structs import replace

from kernel.events import CancelRequested, CommandRefused, Event, TradingStateChanged
from kernel.evolve import evolve
from kernel.guards import restrict
from kernel.messages import AmendOrder, CancelOrder, Command, SetTradingState
from kernel.money import canonical_text, is_multiple
from kernel.orders import Order, OrderState
from kernel.state import State

__all__ = ["amend_order", "cancel_order", "set_trading_state"]


def set_trading_state(state: State, command: SetTradingState) -> Sequence[Event]:
    """Trade, only take back, or send nothing."""
    if command.strategy and command.strategy not in state.books:
        return _refuse(state, command, "no_such_strategy", f"there are: {', '.join(state.books)}")
    change = TradingStateChanged(
        command.ts, command.strategy, "", command.state, "command", 0, command.actor, command.flatten
    )
    return restrict(state, change, cancel_entries=command.state == "reducing", purpose="command")


def cancel_order(state: State, command: CancelOrder) -> Sequence[Event]:
    """Ask for a live order's end."""
    order = state.orders.get(command.order)
    if order is None or order.state is OrderState.CANCELING:
        return _refuse(state, command, "no_such_live_order", str(command.order))
    wish = CancelRequested(command.ts, order.request.strategy, order.request.symbol, command.order, "command")
    evolve(state, wish)
    return (wish,)


def amend_order(state: State, command: AmendOrder) -> Sequence[Event]:
    """Put another order in the place of a live one: other prices, or less of it (more is the strategy's to want)."""
    order = state.orders.get(command.order)
    if order is None or order.state is OrderState.CANCELING:
        return _refuse(state, command, "no_such_live_order", str(command.order))
    reason, detail = _fault(state, order, command)
    if reason:
        return _refuse(state, command, reason, detail)
    request = order.request
    amended = replace(
        request, ts=command.ts, candle=state.ordinal, order=state.orders_requested + 1, replaces=command.order,
        price=command.price or request.price, trigger=command.trigger or request.trigger,
        quantity=command.quantity or request.quantity,
    )  # fmt: skip
    evolve(state, amended)
    return (amended,)


def _fault(state: State, order: Order, command: AmendOrder) -> tuple[str, str]:
    request, instrument = order.request, state.markets[order.request.symbol].instrument
    for name in ("price", "trigger"):
        given = getattr(command, name)
        if given is not None and getattr(request, name) is None:
            return f"no_{name}", f"a {request.kind} order has none"
        if given is not None and (given <= 0 or not is_multiple(instrument.tick, given)):
            return f"invalid_{name}", f"{canonical_text(given)} is no multiple of {canonical_text(instrument.tick)}"
    quantity = command.quantity
    if quantity is None:
        return "", ""
    if quantity > request.quantity:
        return "more_than_approved", f"{canonical_text(quantity)} > {canonical_text(request.quantity)}"
    if quantity <= order.filled or not is_multiple(instrument.lot, quantity):
        return "invalid_quantity", f"{canonical_text(order.filled)} is filled; lots are {instrument.lot}"
    return "", ""


def _refuse(state: State, command: Command, reason: str, detail: str) -> Sequence[Event]:
    event = CommandRefused(command.ts, type(command).__name__, reason, detail)
    evolve(state, event)
    return (event,)

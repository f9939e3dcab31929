"""What an operator's command does. It is a message in the log like any other; one that cannot be done is refused."""

from collections.abc import Sequence
from decimal import Decimal

from msgspec.structs import replace

from kernel.events import CancelRequested, CommandRefused, Event, LimitsChanged, TradingStateChanged
from kernel.evolve import evolve
from kernel.guards import restrict
from kernel.messages import AmendOrder, CancelAllOrders, CancelOrder, ChangeLimits, Command, SetTradingState
from kernel.money import canonical_text, is_multiple
from kernel.orders import Order, OrderState
from kernel.state import State

__all__ = ["amend_order", "cancel_all_orders", "cancel_order", "change_limits", "set_trading_state"]

# As in a configuration. Longer ones could leave the digits of exact money, which would end the run.
_WHOLE_DIGITS, _DECIMALS = 20, 18
_TOO_LONG = f"at most {_WHOLE_DIGITS} digits before the point and {_DECIMALS} after it"


def set_trading_state(state: State, command: SetTradingState) -> Sequence[Event]:
    """Trade, only take back, or send nothing."""
    reason, detail = _missing(state, command.strategy)
    if reason:
        return _refuse(state, command, reason, detail)
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


def cancel_all_orders(state: State, command: CancelAllOrders) -> Sequence[Event]:
    """Ask for the end of every live order it covers, as they were requested. Where there is none, nothing is to do."""
    reason, detail = _missing(state, command.strategy, command.symbol)
    if reason:
        return _refuse(state, command, reason, detail)
    covered = (
        order.request
        for order in state.orders.values()
        if order.state is not OrderState.CANCELING
        and command.strategy in ("", order.request.strategy)
        and command.symbol in ("", order.request.symbol)
    )
    wishes = [CancelRequested(command.ts, r.strategy, r.symbol, r.order, "command") for r in covered]
    for wish in wishes:
        evolve(state, wish)
    return wishes


def change_limits(state: State, command: ChangeLimits) -> Sequence[Event]:
    """Put other limits in the place of a strategy's, or of the account's. What is sent already stays."""
    reason, detail = _missing(state, command.strategy)
    if reason:
        return _refuse(state, command, reason, detail)
    for name in command.limits.__struct_fields__:
        limit = getattr(command.limits, name)
        if isinstance(limit, Decimal) and not _is_usable(limit):
            return _refuse(state, command, f"invalid_{name}", _TOO_LONG)
    event = LimitsChanged(command.ts, command.strategy, command.limits, command.actor)
    evolve(state, event)
    return (event,)


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
        if given is not None and not _is_usable(given):
            return f"invalid_{name}", _TOO_LONG
        if given is not None and (given <= 0 or not is_multiple(instrument.tick, given)):
            return f"invalid_{name}", f"{canonical_text(given)} is no multiple of {canonical_text(instrument.tick)}"
    quantity = command.quantity
    if quantity is None:
        return "", ""
    if not _is_usable(quantity):
        return "invalid_quantity", _TOO_LONG
    if quantity > request.quantity:
        return "more_than_approved", f"{canonical_text(quantity)} > {canonical_text(request.quantity)}"
    if quantity <= order.filled or not is_multiple(instrument.lot, quantity):
        return (
            "invalid_quantity",
            f"{canonical_text(order.filled)} is filled; lots are {canonical_text(instrument.lot)}",
        )
    return "", ""


def _missing(state: State, strategy: str, symbol: str = "") -> tuple[str, str]:
    """Why what a command names is not there; "" is all there are."""
    if strategy and strategy not in state.books:
        return "no_such_strategy", f"there are: {', '.join(state.books)}"
    if symbol and symbol not in state.markets:
        return "no_such_market", f"there are: {', '.join(state.markets)}"
    return "", ""


def _is_usable(number: Decimal) -> bool:
    if not number.is_finite():
        return False
    exponent = number.as_tuple().exponent
    return isinstance(exponent, int) and exponent >= -_DECIMALS and number.adjusted() < _WHOLE_DIGITS


def _refuse(state: State, command: Command, reason: str, detail: str) -> Sequence[Event]:
    event = CommandRefused(command.ts, type(command).__name__, reason, detail)
    evolve(state, event)
    return (event,)

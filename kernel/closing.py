"""How orders and positions are ended, whoever wants it: a decision, a time barrier, a protection, an operator."""

from typing import Protocol

from kernel.events import CancelRequested, OrderRequested, Purpose
from kernel.instrument import Instrument
from kernel.money import ZERO, canonical_text, from_units, multiply, toward_zero_to
from kernel.orders import OrderState
from kernel.risk.approve import Refusal
from kernel.state import Position, State

__all__ = ["Cause", "cancels", "exit_order", "has_exit", "is_leaving"]


class Cause(Protocol):
    """What an order follows from: a decision, or anything that knows as much."""

    @property
    def ts(self) -> int:
        """Event time, ns since 1970, UTC."""

    @property
    def strategy(self) -> str:
        """Whose position."""

    @property
    def candle(self) -> int:
        """The ordinal of the newest market message."""


def cancels(state: State, position: Position, ts: int, reason: str) -> list[CancelRequested]:
    """The wish to cancel every order of a position for which there is none yet, but for an exit on its way."""
    orders = (state.orders[number] for number in position.live)
    return [
        CancelRequested(ts, order.request.strategy, order.request.symbol, order.request.order, reason)
        for order in orders
        if order.state is not OrderState.CANCELING and not leaves(order.request)
    ]


def leaves(request: OrderRequested) -> bool:
    """Whether an order closes a position at the market, now."""
    return request.reduce_only and request.kind == "market" and not request.parent


def has_exit(state: State, position: Position) -> bool:
    """Whether an exit at the market is on its way."""
    return any(leaves(state.orders[number].request) for number in position.live)


def is_leaving(state: State, position: Position) -> bool:
    """Whether an exit at the market is on its way, or every entry that rests is being canceled."""
    entries = [state.orders[number] for number in position.live if not state.orders[number].request.parent]
    return bool(entries) and all(o.request.reduce_only or o.state is OrderState.CANCELING for o in entries)


def exit_order(
    state: State, position: Position, instrument: Instrument, cause: Cause, number: int, purpose: Purpose
) -> OrderRequested | Refusal:
    """The market order that closes a position, as far as whole lots go, or why the venue would not take it."""
    quantity = toward_zero_to(instrument.lot, position.quantity.copy_abs())
    market = state.markets[instrument.symbol]
    notional = multiply(quantity, from_units(market.last, instrument.price_decimals))
    if notional < instrument.min_notional:
        least = canonical_text(instrument.min_notional)
        return Refusal("below_min_notional", f"{canonical_text(notional)} < {least} {instrument.quote}")
    return OrderRequested(
        ts=cause.ts,
        strategy=cause.strategy,
        symbol=instrument.symbol,
        candle=cause.candle,
        order=number,
        side="sell" if position.quantity > ZERO else "buy",
        kind="market",
        quantity=quantity,
        purpose=purpose,
        reduce_only=True,
    )

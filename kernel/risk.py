"""Between a wish and an order stands risk: the only maker of an `Approved` target.

A refusal is data (`Refusal`) and becomes an event. Only the first checks stand here; limits and protections will join.
"""

from decimal import Decimal

import msgspec

from kernel.instrument import Instrument
from kernel.money import ZERO, add, canonical_text, from_units, multiply, subtract, toward_zero_to
from kernel.state import Market, State

__all__ = ["Approved", "Refusal", "approve"]


class Approved(msgspec.Struct, frozen=True):
    """A target position that may be traded, and the signed quantity (whole lots, base units) that leads there."""

    target: Decimal
    change: Decimal


class Refusal(msgspec.Struct, frozen=True):
    """Why a target may not be traded: a stable code, and the figures."""

    reason: str
    detail: str


def approve(state: State, market: Market, target: Decimal) -> Approved | Refusal:
    """Judge a target position (signed, base units) against the account, with every live order counted as filled."""
    instrument = market.instrument
    change = toward_zero_to(instrument.lot, subtract(target, add(market.quantity, _pending(state, instrument))))
    if change == ZERO:
        lot = canonical_text(instrument.lot)
        return Refusal("below_one_lot", f"the target differs from the position by less than a lot of {lot}")
    if target < ZERO:
        return Refusal("short_not_allowed", f"target {canonical_text(target)} {instrument.base} on a spot account")
    price = from_units(market.last, instrument.price_decimals)
    notional = multiply(change.copy_abs(), price)
    if notional < instrument.min_notional:
        least = canonical_text(instrument.min_notional)
        return Refusal("below_min_notional", f"{canonical_text(notional)} < {least} {instrument.quote}")
    if change > ZERO:
        cash = state.balances.get(instrument.quote, ZERO)
        needed = add(notional, multiply(notional, instrument.fee_rate))
        if needed > cash:
            detail = f"{canonical_text(needed)} {instrument.quote} needed, {canonical_text(cash)} there"
            return Refusal("insufficient_cash", detail)
    return Approved(target, change)


def _pending(state: State, instrument: Instrument) -> Decimal:
    """The signed quantity that live orders of this symbol would still add."""
    pending = ZERO
    for order in state.orders.values():
        if order.symbol == instrument.symbol:
            left = subtract(order.quantity, order.filled)
            pending = add(pending, left) if order.side == "buy" else subtract(pending, left)
    return pending

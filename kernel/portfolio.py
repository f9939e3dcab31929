"""What a fill does to a position and to the account, and what the account is worth. Reads state, changes nothing.

Every amount is exact. Where a cost must be split (a position is reduced in part), the split is rounded once and the
remainder stays in the position, so that nothing is ever lost between the two.
"""

from decimal import Decimal

from kernel.errors import InvariantBroken
from kernel.events import PositionChanged
from kernel.messages import OrderFilled
from kernel.money import ZERO, add, divide, from_units, multiply, negative, subtract
from kernel.orders import Order
from kernel.state import Market, State

__all__ = ["book_fill", "check_conservation", "equity"]

_COST_UNIT = Decimal("1E-18")  # finer than any venue's quote asset


def book_fill(state: State, market: Market, order: Order, fill: OrderFilled) -> PositionChanged:
    """The account after `fill`. A fee in the quote or base asset leaves that balance; in a third asset, that one."""
    instrument = market.instrument
    notional = multiply(fill.price, fill.quantity)
    bought = order.side == "buy"
    moved = fill.quantity if bought else negative(fill.quantity)
    paid = notional if bought else negative(notional)
    base = add(state.balances.get(instrument.base, ZERO), moved)
    quote = subtract(state.balances.get(instrument.quote, ZERO), paid)
    if fill.fee_asset == instrument.quote:
        quote = subtract(quote, fill.fee)
    elif fill.fee_asset == instrument.base:
        base = subtract(base, fill.fee)
        moved = subtract(moved, fill.fee)
    cost, realized = _cost_and_profit(market.quantity, market.cost, moved, paid)
    return PositionChanged(
        ts=fill.ts,
        strategy=order.strategy,
        symbol=order.symbol,
        order=order.order,
        quantity=add(market.quantity, moved),
        cost=cost,
        realized_profit=realized,
        fee=fill.fee,
        fee_asset=fill.fee_asset,
        base_balance=base,
        quote_balance=quote,
    )


def _cost_and_profit(held: Decimal, cost: Decimal, moved: Decimal, paid: Decimal) -> tuple[Decimal, Decimal]:
    """The position's cost after `moved` base units were paid for with `paid`, and the profit that this realized."""
    grows = held == ZERO or (held > ZERO) == (moved > ZERO)
    if grows:
        return add(cost, paid), ZERO
    size, change = held.copy_abs(), moved.copy_abs()
    if change == size:
        return ZERO, negative(add(cost, paid))
    if change < size:
        released = divide(multiply(cost, change), size, _COST_UNIT)
        return subtract(cost, released), negative(add(released, paid))
    closing = divide(multiply(paid, size), change, _COST_UNIT)
    return subtract(paid, closing), negative(add(cost, closing))


def equity(state: State) -> Decimal:
    """Cash and positions at the last closes, in the account's currency."""
    worth = state.balances.get(state.currency, ZERO)
    for market in state.markets.values():
        if market.quantity != ZERO:
            price = from_units(market.last, market.instrument.price_decimals)
            worth = add(worth, multiply(market.quantity, price))
    return worth


def check_conservation(state: State) -> None:
    """Nothing appears and nothing vanishes: cash + cost of positions = opening cash + realized profit - fees.

    Errors: InvariantBroken with both sides.
    """
    held = state.balances.get(state.currency, ZERO)
    for market in state.markets.values():
        held = add(held, market.cost)
    booked = subtract(add(state.opening_cash, state.realized_profit), state.fees.get(state.currency, ZERO))
    if held != booked:
        raise InvariantBroken(f"the account holds {held} {state.currency} at cost, but its bookings say {booked}")

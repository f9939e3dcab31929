"""What a fill does to a position and to the account, and what the account is worth. Reads state, changes nothing.

Every amount is exact. Where a cost must be split (a position is reduced in part), the split is rounded once and the
remainder stays in the position, so that nothing is ever lost between the two.
"""

from decimal import Decimal

from kernel.errors import InvariantBroken
from kernel.events import PositionChanged
from kernel.instrument import Instrument
from kernel.messages import OrderFilled
from kernel.money import ZERO, add, divide, from_units, multiply, negative, sign, subtract
from kernel.orders import Order
from kernel.state import Position, State

__all__ = ["book_fill", "check_conservation", "equity", "is_priced", "price_of", "recount", "side_of"]

_COST_UNIT = Decimal("1E-18")  # finer than any venue's quote asset
_ONE = Decimal(1)


def book_fill(
    state: State, instrument: Instrument, position: Position, order: Order, fill: OrderFilled
) -> PositionChanged:
    """The account after `fill`. A fee in the quote or base asset leaves that balance; in a third asset, that one."""
    notional = multiply(fill.price, fill.quantity)
    bought = order.request.side == "buy"
    moved = fill.quantity if bought else negative(fill.quantity)
    paid = notional if bought else negative(notional)
    base = add(state.balances.get(instrument.base, ZERO), moved)
    quote = subtract(state.balances.get(instrument.quote, ZERO), paid)
    if fill.fee_asset == instrument.quote:
        quote = subtract(quote, fill.fee)
    elif fill.fee_asset == instrument.base:
        base = subtract(base, fill.fee)
        moved = subtract(moved, fill.fee)
    cost, realized = _cost_and_profit(position.quantity, position.cost, moved, paid)
    return PositionChanged(
        ts=fill.ts,
        strategy=order.request.strategy,
        symbol=instrument.symbol,
        order=fill.order,
        quantity=add(position.quantity, moved),
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


def side_of(instrument: Instrument, quantity: Decimal) -> int:
    """1 long, -1 short, 0 flat. Less than a lot cannot be traded: dust, which stays booked and counts as flat."""
    return 0 if quantity.copy_abs() < instrument.lot else sign(quantity)


def price_of(state: State, asset: str) -> Decimal | None:
    """One unit of an asset in the account's currency, at its mark's last close; None before there is one."""
    account = state.account
    if asset == account.currency:
        return _ONE
    market = state.markets.get(account.marks.get(asset, ""))
    return from_units(market.last, market.instrument.price_decimals) if market is not None and market.last else None


def is_priced(state: State) -> bool:
    """Whether everything that the account holds has a price."""
    return all(price_of(state, asset) is not None for asset, balance in state.balances.items() if balance != ZERO)


def equity(state: State) -> Decimal:
    """The worth of all balances, in the account's currency. Errors: InvariantBroken for one that has no price."""
    currency = state.account.currency
    worth = ZERO
    for asset, balance in state.balances.items():
        if balance == ZERO:
            continue
        if asset == currency:
            worth = add(worth, balance)
            continue
        price = price_of(state, asset)
        if price is None:
            raise InvariantBroken(f"the account holds {balance} {asset}, which has no price yet")
        worth = add(worth, multiply(balance, price))
    return worth


def check_conservation(state: State, *assets: str) -> None:
    """Nothing appears and nothing vanishes: what an asset's balance is, its bookings say.

    balance = opening + held in positions - cost of positions + realized profit - fees paid apart from positions.
    Errors: InvariantBroken with both sides.
    """
    opening = state.account.balances
    for asset in assets:
        gained = add(state.held.get(asset, ZERO), state.realized.get(asset, ZERO))
        spent = add(state.costs.get(asset, ZERO), state.fees_paid.get(asset, ZERO))
        booked = subtract(add(opening.get(asset, ZERO), gained), spent)
        balance = state.balances.get(asset, ZERO)
        if balance != booked:
            raise InvariantBroken(f"the account has {balance} {asset}, but its bookings say {booked}")


def recount(state: State) -> None:
    """Add up every position anew, and check every asset. Errors: InvariantBroken where a running sum is wrong."""
    held: dict[str, Decimal] = {}
    costs: dict[str, Decimal] = {}
    for book in state.books.values():
        for symbol, position in book.positions.items():
            instrument = state.markets[symbol].instrument
            held[instrument.base] = add(held.get(instrument.base, ZERO), position.quantity)
            costs[instrument.quote] = add(costs.get(instrument.quote, ZERO), position.cost)
    for sums, counted, what in ((state.held, held, "hold"), (state.costs, costs, "cost")):
        for asset, amount in counted.items():
            if sums.get(asset, ZERO) != amount:
                raise InvariantBroken(f"the positions {what} {amount} {asset}, and their running sum is {sums[asset]}")
    check_conservation(state, *state.balances)

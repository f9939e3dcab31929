"""One trade: at which price, for which fee, and out of which balances."""

from decimal import Decimal

from kernel.events import Side
from kernel.messages import OrderFilled
from kernel.money import ZERO, add, multiply, negative, subtract
from venues.matching.holdings import Holdings
from venues.matching.rules import Rules
from venues.matching.working import Working

__all__ = ["Stamp", "moved", "trade"]

Stamp = tuple[int, int]  # what every report carries: `ts` and `after`


def trade(
    rules: Rules, holdings: Holdings, order: Working, quantity: Decimal, units: int, volume: int, at: Stamp,
    *, is_maker: bool,
) -> OrderFilled | str:  # fmt: skip
    """Fill so much of an order at a price of the market, and book it.

    `quantity` in base, `units` an integer price (see rules.py), `volume` the candle's. Gives the code of a refusal,
    with nothing booked, where the account cannot.
    """
    request, instrument = order.request, rules.instrument
    side, rate, slippage = request.side, rules.maker_rate, ZERO
    price = rules.price(units)
    if not is_maker:
        rate = rules.taker_rate
        if rules.slips:
            given, price = price, _slipped(rules, order, price, quantity, volume)
            slippage = subtract(max(price, given), min(price, given))
    notional = multiply(price, quantity)
    if rules.fee_asset:
        fee, fee_asset = rules.fee(side, quantity, notional, rate, holdings.closes)
    else:
        fee, fee_asset = multiply(notional, rate), instrument.quote
    refusal = holdings.exchange(
        instrument, side, quantity, notional, fee, fee_asset, reduces=request.reduce_only
    )  # fmt: skip
    if refusal:
        return refusal
    order.trades += 1
    order.filled = add(order.filled, quantity)
    number = request.order
    return OrderFilled(
        at[0], at[1], number, f"{number}-{order.trades}", price, quantity, fee, fee_asset,
        "maker" if is_maker else "taker", slippage,
    )  # fmt: skip


def moved(rules: Rules, side: Side, fill: OrderFilled) -> Decimal:
    """By how much a fill moves a position, signed: a fee in the base asset is gone from it."""
    change = fill.quantity if side == "buy" else negative(fill.quantity)
    return subtract(change, fill.fee) if fill.fee_asset == rules.instrument.base else change


def _slipped(rules: Rules, order: Working, price: Decimal, quantity: Decimal, volume: int) -> Decimal:
    """The price that a taker gets: a limit's is no worse than its own."""
    side = order.request.side
    slipped = rules.slipped(side, price, quantity, volume)
    if order.stage != "limit":
        return slipped
    limit = rules.price(order.level)
    return min(slipped, limit) if side == "buy" else max(slipped, limit)

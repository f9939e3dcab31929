"""Whether the account can pay: a cash account what it buys, a margin account with its equity. "" or the figures."""

from decimal import Decimal

from kernel.money import ZERO, add, canonical_text, multiply, subtract, total
from kernel.portfolio import equity
from kernel.risk.checks import Trade, ahead
from kernel.risk.exposure import Reach, net_notionals, price_in_quote
from kernel.state import Market, State

__all__ = ["cash_lacks", "margin_lacks"]


def cash_lacks(state: State, market: Market, notional: Decimal) -> str:
    """Whether a purchase of this notional, in quote, and its fee exceed the balance that live buys leave free."""
    instrument = market.instrument
    free = state.balances.get(instrument.quote, ZERO)
    for order in state.orders.values():
        request = order.request
        if request.side == "buy" and not request.parent:
            there = state.markets[request.symbol]
            if there.instrument.quote == instrument.quote:
                free = subtract(free, _with_fee(there, multiply(order.left, price_in_quote(there, request))))
    needed = _with_fee(market, notional)
    if needed <= free:
        return ""
    return f"{canonical_text(needed)} {instrument.quote} needed, {canonical_text(free)} free"


def _with_fee(market: Market, notional: Decimal) -> Decimal:
    return add(notional, multiply(notional, market.instrument.fee_rate))


def margin_lacks(state: State, trade: Trade) -> str:
    """Whether the symbols' worth after the trade, strategies of a symbol netted, exceeds leverage times equity."""
    nets = net_notionals(state, state.books)
    own = nets.pop(trade.market.instrument.symbol, Reach(ZERO, ZERO))
    used = add(total(net.farthest for net in nets.values()), ahead(own, trade.notional).copy_abs())
    bound = multiply(state.account.leverage, equity(state))
    return f"{canonical_text(used)} > {canonical_text(bound)} {state.account.currency}" if used > bound else ""

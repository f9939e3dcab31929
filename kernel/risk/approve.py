"""Between a wish and an order stands risk: the only maker of an `Approved` target.

A refusal is data (`Refusal`) and becomes an event. What takes a position back is never held back by a limit.
"""

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

import msgspec

from kernel.limits import Limits
from kernel.money import ZERO, canonical_text, from_units, multiply, subtract, total, toward_zero_to
from kernel.portfolio import is_priced
from kernel.risk.checks import NOTHING_HELD, Held, Trade, held, stale
from kernel.risk.exposure import quote_rate
from kernel.risk.funds import cash_lacks, margin_lacks
from kernel.state import Position, State

__all__ = ["Approved", "Refusal", "Risk", "Wish"]


class Approved(msgspec.Struct, frozen=True):
    """A target position that may be traded, and the signed quantity (whole lots, base units) that leads there."""

    target: Decimal
    change: Decimal


class Refusal(msgspec.Struct, frozen=True):
    """Why a target may not be traded: a stable code, and the figures."""

    reason: str
    detail: str


class Wish(NamedTuple):
    """A target position (signed, base units) of a strategy, and the orders that would be sent for it.

    `price` is the limit or trigger of the entry, None for the last close; `prices` are all limits and triggers to be
    sent, `orders` how many orders they are.
    """

    ts: int
    strategy: str
    symbol: str
    target: Decimal
    price: Decimal | None
    prices: Sequence[Decimal]
    orders: int


class Risk:
    """Judges wishes against the account, the limits of their strategy, and those of the account.

    Limits that a command has set (State.limits) take the place of these.
    """

    def __init__(self, account_limits: Limits, strategy_limits: Mapping[str, Limits]) -> None:
        self._account = held(account_limits)
        self._strategies = {name: held(limits) for name, limits in strategy_limits.items()}

    def approve(self, state: State, wish: Wish) -> Approved | Refusal:
        """Judge a wish. The change that leads to its target counts every live order as filled."""
        market = state.markets[wish.symbol]
        position = state.books[wish.strategy].positions[wish.symbol]
        instrument, target = market.instrument, wish.target
        change = subtract(target, position.quantity)
        if position.live:
            change = subtract(change, _pending(state, position))
        change = toward_zero_to(instrument.lot, change)
        if change == ZERO:
            lot = canonical_text(instrument.lot)
            return Refusal("below_one_lot", f"the target differs from the position by less than a lot of {lot}")
        if target < ZERO and state.account.kind == "cash":
            return Refusal("short_not_allowed", f"target {canonical_text(target)} {instrument.base} on a cash account")
        notional = multiply(change, wish.price or from_units(market.last, instrument.price_decimals))
        if notional.copy_abs() < instrument.min_notional:
            least = canonical_text(instrument.min_notional)
            return Refusal("below_min_notional", f"{canonical_text(notional.copy_abs())} < {least} {instrument.quote}")
        if _reduces(position.quantity, target, change):
            return Approved(target, change)
        return self._entry_refused(state, wish, change, notional) or Approved(target, change)

    def _entry_refused(self, state: State, wish: Wish, change: Decimal, notional: Decimal) -> Refusal | None:
        """`notional` is signed, in quote."""
        market, on_margin = state.markets[wish.symbol], state.account.kind == "margin"
        own, together = self._in_force(state, wish.strategy)
        too_old = stale(market, wish.ts, own, together)
        if too_old:
            return Refusal("stale_data", too_old)
        rate = quote_rate(state, market)
        if rate is None:
            return Refusal("stale_data", f"{market.instrument.quote} has no price in {state.account.currency} yet")
        if on_margin and not is_priced(state):
            return Refusal("stale_data", "the account holds something that has no price yet")
        if not on_margin:
            lacks = cash_lacks(state, market, notional) if change > ZERO else ""
            if lacks:
                return Refusal("insufficient_cash", lacks)
            if not (own.checks or together.checks or state.quarantined):
                return None
        trade = Trade(wish.ts, wish.strategy, market, change, multiply(notional, rate), wish.prices, wish.orders)
        lacks = margin_lacks(state, trade) if on_margin else ""
        if lacks:
            return Refusal("insufficient_margin", lacks)
        return (
            _quarantined(state, wish)
            or _beyond_limit(own, state, trade, (wish.strategy,), f"strategy {wish.strategy}")
            or _beyond_limit(together, state, trade, state.books.keys(), "account")
        )

    def _in_force(self, state: State, strategy: str) -> tuple[Held, Held]:
        """The limits of a strategy, and those of the account."""
        own, together, changed = self._strategies.get(strategy, NOTHING_HELD), self._account, state.limits
        if changed:
            own = held(changed[strategy]) if strategy in changed else own
            together = held(changed[""]) if "" in changed else together
        return own, together


def _pending(state: State, position: Position) -> Decimal:
    """The signed quantity that live orders would still add. Of an order and the one that replaces it, the latter."""
    orders = [state.orders[number] for number in position.live]
    replaced = {order.request.replaces for order in orders}
    return total(order.moves for order in orders if order.request.order not in replaced)


def _reduces(held: Decimal, target: Decimal, change: Decimal) -> bool:
    """Whether a change takes back a part of the position, or all of it, and no more. A buy never reduces a long one."""
    if held > ZERO:
        return change < ZERO <= target < held
    if held < ZERO:
        return held < target <= ZERO < change
    return target == ZERO


def _quarantined(state: State, wish: Wish) -> Refusal | None:
    """An order in quarantine that is remembered no more may be anybody's."""
    for number in state.quarantined:
        order = state.orders.get(number) or state.ended.get(number)
        if order is None or (order.request.strategy, order.request.symbol) == (wish.strategy, wish.symbol):
            return Refusal("quarantined_order", f"the venue contradicts itself on order {number}")
    return None


def _beyond_limit(limits: Held, state: State, trade: Trade, books: Collection[str], whose: str) -> Refusal | None:
    for name, check, limit in limits.checks:
        figures = check(limit, state, trade, books)
        if figures:
            return Refusal(name, f"{figures} ({whose})")
    return None

"""Whatever the venue then fills: what was approved keeps every limit, and what was refused could have broken one."""

from fractions import Fraction
from functools import partial

from hypothesis import event, given, settings
from hypothesis import strategies as st

from kernel.risk.approve import Approved, Risk
from tests.campaign import sample
from tests.kernel.risk.drawn import accounts, limits, wishes
from tests.kernel.risk.made import MINUTE, close_of, outcomes, rate, sums

BY_THE_TARGET = {"below_one_lot", "below_min_notional"}  # asked of exits, too


def by_position(name, symbol):
    return name, symbol


def by_symbol(_name, symbol):
    return symbol


def of_symbol(symbol, which, parts):
    return abs(sums(parts, by_symbol)[which].get(symbol, 0))


def gross(key, parts):
    return sum(map(abs, sums(parts, key)[1].values()))


def net(parts):
    return abs(sum(notional for *_, notional in parts))


def equity(state):
    prices = {"USDT": 1, "BTC": close_of(state, "BTC/USDT"), "ETH": close_of(state, "ETH/USDT")}
    return sum(Fraction(balance) * Fraction(prices[asset]) for asset, balance in state.balances.items())


def change_of(state, asked):
    """What is missing when every live order of the position is filled."""
    held = Fraction(state.books[asked.strategy].positions[asked.symbol].quantity)
    for order in state.orders.values():
        request = order.request
        if (request.strategy, request.symbol) == (asked.strategy, asked.symbol) and not request.parent:
            left = Fraction(request.quantity) - Fraction(order.filled)
            held += left if request.side == "buy" else -left
    return Fraction(asked.target) - held


def is_exit(state, asked, change):
    held = Fraction(state.books[asked.strategy].positions[asked.symbol].quantity)
    if held == 0:
        return asked.target == 0
    return 0 <= Fraction(asked.target) / held < 1 and change / held < 0


def measured(state, asked, part, given_limits, strategies):
    """By limit: whether the order may carry the strategies beyond it, and whether it is what carries them there."""
    everything = [(parts, [*parts, part]) for parts in outcomes(state, strategies)]
    measures = {
        "max_position": partial(of_symbol, asked.symbol, 0),
        "max_symbol_notional": partial(of_symbol, asked.symbol, 1),
        "max_gross_exposure": partial(gross, by_position),
        "max_leverage": partial(gross, by_position),
        "max_net_exposure": net,
    }
    for name, measure in measures.items():
        limit = getattr(given_limits, name)
        if limit is not None:
            bound = Fraction(limit) * (equity(state) if name == "max_leverage" else 1)
            yield name, *beyond(measure, bound, everything)


def beyond(measure, bound, everything):
    reached = [(measure(before), measure(after)) for before, after in everything]
    return any(after > bound for _, after in reached), any(after > max(bound, before) for before, after in reached)


def counted(state, asked, part, given_limits, strategies):
    """By limit of another sort: whether it is broken."""
    live = [order.request for order in state.orders.values() if order.request.strategy in strategies]
    last = Fraction(close_of(state, asked.symbol))
    reached = {
        "max_order_notional": abs(part[3]),
        "max_open_orders": asked.orders + len(live),
        "max_orders_per_minute": asked.orders + sum(asked.ts - request.ts < MINUTE for request in live),
        "price_band": max((abs(Fraction(price) / last - 1) for price in asked.prices), default=0),
    }
    for name, figure in reached.items():
        limit = getattr(given_limits, name)
        if limit is not None:
            yield name, figure > limit, figure > limit


def paid(state, asked, part):
    """What the account itself bears."""
    if state.account.kind == "margin":
        everything = [(parts, [*parts, part]) for parts in outcomes(state, state.books)]
        bound = Fraction(state.account.leverage) * equity(state)
        yield "insufficient_margin", *beyond(partial(gross, by_symbol), bound, everything)
    elif part[2] > 0:
        quote = asked.symbol.split("/")[1]
        free = Fraction(state.balances.get(quote, 0)) - part[3] / rate(state, asked.symbol)
        for order in state.orders.values():
            request = order.request
            if request.side == "buy" and request.symbol.endswith(f"/{quote}") and not request.parent:
                price = Fraction(request.price or close_of(state, request.symbol))
                free -= (Fraction(request.quantity) - Fraction(order.filled)) * price
        yield "insufficient_cash", free < 0, free < 0


@settings(max_examples=sample(150))
@given(st.sampled_from(["margin", "cash"]).flatmap(accounts), wishes, limits, limits)
def test_what_is_approved_keeps_every_limit_and_what_is_refused_could_not(state, asked, own, together):
    if state.account.kind == "cash":
        asked = asked._replace(target=abs(asked.target))
    change = change_of(state, asked)
    price = Fraction(asked.price or close_of(state, asked.symbol))
    part = (asked.strategy, asked.symbol, change, change * price * rate(state, asked.symbol))
    mine = (asked.strategy,)
    found = [
        *paid(state, asked, part),
        *measured(state, asked, part, own, mine),
        *counted(state, asked, part, own, mine),
        *measured(state, asked, part, together, tuple(state.books)),
        *counted(state, asked, part, together, tuple(state.books)),
    ]
    judged = Risk(together, {asked.strategy: own}).approve(state, asked)
    if isinstance(judged, Approved):
        assert Fraction(judged.change) == change
        exits = is_exit(state, asked, change)
        event("approved: an exit" if exits else "approved: an entry")
        assert exits or not [name for name, _, carries in found if carries]
    else:
        event(judged.reason)
        assert judged.reason in BY_THE_TARGET | {name for name, possible, _ in found if possible}
        assert judged.reason in BY_THE_TARGET or not is_exit(state, asked, change)

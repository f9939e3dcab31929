"""Accounts, wishes and limits that hypothesis draws: small numbers, so that limits are met exactly now and then."""

from decimal import Decimal

from hypothesis import strategies as st

from kernel.limits import Limits
from kernel.money import from_units, multiply
from kernel.orders import TERMINAL, OrderState
from kernel.timeframe import NS_PER_SECOND
from tests.kernel.risk.made import CLOSES, NOW, account, hold, send, wish

LIVE = sorted(set(OrderState) - TERMINAL)
quarters = st.integers(-20, 20).map(lambda count: from_units(25 * count, 2))
FILLED = st.sampled_from([Decimal(0), Decimal(0), Decimal("0.5")])
SYMBOLS = st.sampled_from(sorted(CLOSES))
STRATEGIES = st.sampled_from(["a", "b"])
sizes = st.builds(lambda count, sign: from_units(25 * count * sign, 2), st.integers(1, 20), st.sampled_from([1, -1]))
prices = st.integers(1, 300).map(lambda units: from_units(units, 0))
entry_prices = st.none() | prices


@st.composite
def accounts(draw, kind="margin"):
    """A few positions and a few live orders, of two strategies in three markets."""
    leverage = draw(st.sampled_from(["0.1", "1", "100", "100", "100"]))
    state = account(kind=kind, leverage=leverage, cash=str(draw(st.sampled_from([1_000, 10_000, 10_000]))))
    at_least = 0 if kind == "cash" else -20
    for name in state.books:
        for symbol in CLOSES:
            if draw(st.booleans()):
                hold(state, name, symbol, from_units(25 * draw(st.integers(at_least, 20)), 2))
    symbols = st.sampled_from(sorted(draw(st.sets(SYMBOLS, min_size=1))))  # a single one gets many orders now and then
    seconds_ago = sorted(draw(st.lists(st.sampled_from([0, 59, 60, 90]), max_size=4)), reverse=True)
    for seconds in seconds_ago:
        quantity = draw(sizes)
        send(
            state, draw(STRATEGIES), draw(symbols), quantity, filled=multiply(abs(quantity), draw(FILLED)),
            told=draw(st.sampled_from(LIVE)), price=draw(entry_prices), ts=NOW - seconds * NS_PER_SECOND,
            parent=draw(st.sampled_from([0, 0, 99])), reduce_only=draw(st.sampled_from([False, False, True])),
        )  # fmt: skip
    return state


wishes = st.builds(
    wish,
    quarters,
    strategy=STRATEGIES,
    symbol=SYMBOLS,
    price=entry_prices,
    prices=st.lists(prices, max_size=3),
    orders=st.integers(1, 3),
)
_worths = st.integers(0, 3_000).map(Decimal)
_counts = st.integers(0, 8)
_ratios = st.sampled_from([Decimal("0.05"), Decimal("0.5"), Decimal(3)])
_EACH = {
    "max_position": quarters.map(abs),
    **dict.fromkeys(("max_order_notional", "max_symbol_notional", "max_gross_exposure", "max_net_exposure"), _worths),
    **dict.fromkeys(("max_leverage", "price_band"), _ratios),
    **dict.fromkeys(("max_open_orders", "max_orders_per_minute"), _counts),
}
limits = st.sets(st.sampled_from(sorted(_EACH)), max_size=2).flatmap(
    lambda names: st.builds(Limits, **{name: _EACH[name] for name in sorted(names)})
)

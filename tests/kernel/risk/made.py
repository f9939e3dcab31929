"""An account in the middle of its life: markets with a price, positions, live orders. Equity is what it was given."""

from decimal import Decimal
from fractions import Fraction
from itertools import combinations

from kernel.account import Account
from kernel.events import OrderRequested
from kernel.instrument import Instrument
from kernel.money import ZERO, add, from_units, multiply, negative
from kernel.orders import Order, OrderState
from kernel.risk.approve import Wish
from kernel.state import Book, Halt, Market, Position, State
from kernel.timeframe import NS_PER_SECOND

MINUTE = 60 * NS_PER_SECOND
NOW = 1_000 * MINUTE
CLOSES = {"BTC/USDT": 100_00, "ETH/USDT": 10_00, "ETH/BTC": 10}  # in hundredths


def instrument(symbol, *, lot="0.001", min_notional="0", fee_rate="0"):
    base, quote = symbol.split("/")
    rules = (Decimal(text) for text in ("0.01", lot, min_notional, fee_rate))
    return Instrument(symbol, base, quote, 2, 3, *rules)


def account(*, kind="margin", cash="10000", leverage="100", strategies=("a", "b"), **rules) -> State:
    """Nothing held, nothing ordered, every market with a close of this moment."""
    markets = {s: Market(instrument(s, **rules), ts=NOW, last=close, seen=1) for s, close in CLOSES.items()}
    books = {name: Book({symbol: Position() for symbol in markets}) for name in strategies}
    balances = {"USDT": Decimal(cash)}
    marks = {"BTC": "BTC/USDT", "ETH": "ETH/USDT"}
    opened = Account("USDT", balances, marks, kind, Decimal(leverage))
    return State(markets, books, account=opened, ts=NOW, balances=dict(balances), opened=True)


def close_of(state, symbol) -> Decimal:
    return from_units(state.markets[symbol].last, 2)


def hold(state, strategy, symbol, quantity):
    """A position that was bought at the last close."""
    base, quote = symbol.split("/")
    quantity = Decimal(quantity)
    position = state.books[strategy].positions[symbol]
    position.quantity, position.cost = quantity, multiply(quantity, close_of(state, symbol))
    for asset, change in ((base, quantity), (quote, negative(position.cost))):
        state.balances[asset] = add(state.balances.get(asset, ZERO), change)
    return position


def send(state, strategy, symbol, quantity, *, filled="0", told=OrderState.OPEN, ts=NOW, **more) -> int:
    """A live order of this signed quantity."""
    size = Decimal(quantity)
    number = state.orders_requested = state.orders_requested + 1
    prices = {name: Decimal(more.pop(name)) for name in ("price", "trigger") if more.get(name) is not None}
    kind = "limit" if "price" in prices else "stop_market" if "trigger" in prices else "market"
    side = "buy" if size > 0 else "sell"
    request = OrderRequested(ts, strategy, symbol, 1, number, side, kind, abs(size), **prices, **more)
    state.orders[number] = Order(request, Decimal(filled), told, [])
    state.books[strategy].positions[symbol].live.append(number)
    state.requests.append(ts)
    return number


def end(state, number, told=OrderState.CANCELED):
    order = state.ended[number] = state.orders.pop(number)
    order.state = told
    state.position(order).live.remove(number)


def wish(target, *, strategy="a", symbol="BTC/USDT", price=None, prices=(), orders=1, ts=NOW) -> Wish:
    at = None if price is None else Decimal(price)
    return Wish(ts, strategy, symbol, Decimal(target), at, [Decimal(p) for p in prices], orders)


def halt(strategy="", symbol="", state="reducing", cause="command", until=0) -> Halt:
    return Halt(strategy, symbol, state, cause, until)


def entries(state, strategies):
    """Live orders that can make a position larger, as (strategy, symbol, signed rest, price)."""
    for order in state.orders.values():
        request = order.request
        if request.strategy in strategies and not request.parent and not request.reduce_only:
            left = Fraction(request.quantity) - Fraction(order.filled)
            price = request.price or request.trigger or close_of(state, request.symbol)
            yield request.strategy, request.symbol, left if request.side == "buy" else -left, Fraction(price)


def rate(state, symbol) -> Fraction:
    return Fraction(1) if symbol.endswith("USDT") else Fraction(close_of(state, "BTC/USDT"))


def outcomes(state, strategies):
    """Every way in which the venue can fill the live entries: lists of (strategy, symbol, quantity, notional)."""
    held = [
        (name, symbol, Fraction(p.quantity), Fraction(p.quantity) * Fraction(close_of(state, symbol)))
        for name in strategies
        for symbol, p in state.books[name].positions.items()
    ]
    live = [(name, symbol, left, left * price) for name, symbol, left, price in entries(state, strategies)]
    for size in range(len(live) + 1):
        for fills in combinations(live, size):
            yield [(name, s, quantity, notional * rate(state, s)) for name, s, quantity, notional in (*held, *fills)]


def sums(parts, key):
    """The parts added up by a key: quantities and notionals."""
    quantities, notionals = {}, {}
    for name, symbol, quantity, notional in parts:
        at = key(name, symbol)
        quantities[at] = quantities.get(at, 0) + quantity
        notionals[at] = notionals.get(at, 0) + notional
    return quantities, notionals

"""A market, an order in it, and a book with a price: what the tests of the parts are given."""

from decimal import Decimal

from kernel.account import Account
from kernel.events import OrderRequested
from kernel.instrument import Instrument
from venues.matching.begin import begin
from venues.matching.closes import Closes
from venues.matching.holdings import Holdings
from venues.matching.match import Match
from venues.matching.path import Bar
from venues.matching.rules import Rules
from venues.matching.working import Book, Working
from venues.simulation import SimulatedVenueConfig

RICH = {"USDT": Decimal(10**9), "BTC": Decimal(10**6)}


def market(tick="1", price_decimals=0, **rules):
    usual = {"lot": "1", "min_notional": "0", "fee_rate": "0.001"} | rules
    numbers = {name: Decimal(text) for name, text in usual.items()}
    return Instrument("BTC/USDT", "BTC", "USDT", price_decimals, 0, tick=Decimal(tick), **numbers)


def rules_of(instrument=None, seed=0, **config):
    return Rules(SimulatedVenueConfig(**config), instrument or market(), seed)


def request(number=1, side="buy", kind="market", quantity="1", ts=0, **terms):
    for name in ("price", "trigger", "trail", "trail_rate"):
        if name in terms:
            terms[name] = Decimal(terms[name])
    return OrderRequested(ts, "s", "BTC/USDT", 1, number, side, kind, Decimal(quantity), **terms)


def working(number=1, *args, **terms):
    asked = request(number, *args, **terms)
    return Working(asked, f"c{number}", asked.ts, asked.parent)


def holdings(instrument=None, kind="cash", leverage="1", closes=None, **balances):
    instrument = instrument or market()
    held = {asset: Decimal(amount) for asset, amount in balances.items()} or dict(RICH)
    account = Account("USDT", held, {"BTC": "BTC/USDT"}, kind, Decimal(leverage))
    return Holdings(account, ["BTC"], dict(held), Closes([instrument], closes or {"BTC/USDT": 100}))


def match_of(*orders, bar=(100, 100, 100, 100), price=None, budget=None, rules=None, position="0", volume=1000):
    """Orders against a candle; those without a parent are active since the price was at `price`."""
    rules = rules or rules_of()
    book = Book("s", "BTC/USDT", rules.instrument.lot, Decimal(position))
    for order in orders:
        order.stage = "waiting"
        if not order.parent:
            begin(rules, order, bar[0] if price is None else price)
        book.orders[order.request.order] = order
    return Match(rules, book, holdings(rules.instrument), Bar(0, 0, *bar, volume), budget, 60, 0)

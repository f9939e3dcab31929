"""What the tests are given: two markets, a few strategies, rules that obey their prices, and a session in memory.

Wherever a strategy is taken, several may be given as a tuple: they share the account.
"""

from collections.abc import Coroutine, Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import zip_longest
from typing import Any, TypeVar

import msgspec

from kernel.account import Account
from kernel.blueprint import Blueprint, RiskConfig, Seat
from kernel.brackets import Entry, Exits
from kernel.codec import decode
from kernel.events import CancelRequested, Event, OrderRequested
from kernel.features.declaration import feature
from kernel.features.engine import Engine
from kernel.instrument import Instrument
from kernel.kernel import Kernel
from kernel.messages import (
    CandleClosed,
    InstantClosed,
    MarketEnded,
    MarketMessage,
    Message,
    OrderAccepted,
    OrderCanceled,
    OrderFilled,
    StreamOpened,
)  # fmt: skip
from kernel.models.cross import Cross
from kernel.models.mean_reversion import MeanReversion
from kernel.models.prediction import FLAT, LONG, SHORT
from kernel.models.rule import PythonRule, Rule
from kernel.money import from_units
from kernel.state import Position
from kernel.strategy import Cooldown, Execution, Gate, MinConfidence, Strategy
from kernel.strategy import Session as Hours
from kernel.timeframe import NS_PER_SECOND
from service.journal import BatchJournal
from service.log.record import GENESIS, Head, Record
from service.session import Session
from venues.simulated import SimulatedVenue
from venues.simulation import SimulatedVenueConfig

MINUTE = 60 * NS_PER_SECOND
CASH = Decimal(1_000_000)
T = TypeVar("T")


def instrument(symbol: str, **rules: Decimal) -> Instrument:
    base, quote = symbol.split("/")
    usual = {"tick": "0.01", "lot": "0.001", "min_notional": "0", "fee_rate": "0.001"}
    numbers = {name: rules.get(name, Decimal(text)) for name, text in usual.items()}
    return Instrument(symbol, base, quote, price_decimals=2, volume_decimals=3, **numbers)


BTC, ETH = instrument("BTC/USDT"), instrument("ETH/USDT")


AT_THE_MARKET, UNLIMITED = Entry(), RiskConfig()


class Obedient(Rule):
    """Wants what the last digit of the newest close says, so that a test writes its wishes into the prices."""

    WISHES = {1: LONG, 2: FLAT, 3: SHORT}

    def predict(self, values, market, position):
        return self.WISHES.get(market.last % 10)


class Contrary(Obedient):
    """Wants the other side."""

    WISHES = {1: SHORT, 2: FLAT, 3: LONG}


class Memory(msgspec.Struct):
    calls: int = 0
    paid: list[Decimal] = []


class Forgetful(Rule):
    """Turns around at every third call since the price last ended in 7: what it wants, its memory alone can tell."""

    def __init__(self):
        self.memory = Memory()

    def predict(self, values, market, position):
        memory = self.memory
        memory.calls = 0 if market.last % 10 == 7 else memory.calls + 1
        memory.paid = [*memory.paid[-2:], position.cost]
        return LONG if memory.calls % 6 < 3 else FLAT


def strategy(
    model, features=(), *, name="tested", quantity="1", sizing=None, entry=AT_THE_MARKET, gate=None, filters=(), **more
) -> Strategy:
    size = Execution(None if sizing else Decimal(quantity), sizing, entry)
    return Strategy(name, model, size, tuple(features), gate, tuple(filters), **more)


OBEY = PythonRule("given.py:Obedient")
LONG_AT, FLAT_AT, SHORT_AT, NEITHER_AT = 500_01, 500_02, 500_03, 500_00  # closes, as the obedient rule reads them
OBEDIENT = strategy(OBEY)
CROSS = strategy(Cross("fast", "slow"), [feature("fast", "ema", period=2), feature("slow", "ema", period=4)])
REVERSION = strategy(
    MeanReversion("score", entry=0.5),
    [feature("score", "zscore", period=5), feature("busy", "zscore", "volume", period=3)],
    gate=Gate(0.001),
    filters=[MinConfidence(0.5), Cooldown(2), Hours(0, 23)],
    quantity="0.25",
)
Strategies = Strategy | tuple[Strategy, ...]
RULES = {"given.py:Obedient": Obedient, "given.py:Contrary": Contrary, "given.py:Forgetful": Forgetful}


def blueprint(
    of: Strategies = OBEDIENT, instruments: Sequence[Instrument] = (BTC,), risk: RiskConfig = UNLIMITED
) -> Blueprint:
    return Blueprint(
        tuple(Seat(s, "model", RULES[s.model.source] if isinstance(s.model, PythonRule) else None) for s in all_of(of)),
        tuple(instruments), (MINUTE,) * len(instruments), risk,
    )  # fmt: skip


def all_of(strategies: Strategies) -> tuple[Strategy, ...]:
    return strategies if isinstance(strategies, tuple) else (strategies,)


def account(instruments: Sequence[Instrument] = (BTC,), cash: Decimal = CASH, **more) -> Account:
    """A cash account in USDT, unless more is said."""
    marks = {i.base: i.symbol for i in instruments if i.quote == "USDT"}
    return Account("USDT", **{"balances": {"USDT": cash}, "marks": marks} | more)


def opening(
    instruments: Sequence[Instrument] = (BTC,), cash: Decimal = CASH, *, of: Strategies = OBEDIENT,
    account_of: Account | None = None,
) -> StreamOpened:  # fmt: skip
    names = tuple(s.name for s in all_of(of))
    return StreamOpened(0, 0, "definition", names, account_of or account(instruments, cash), tuple(instruments))


def opened(
    of: Strategies = OBEDIENT, *instruments: Instrument, cash: Decimal = CASH, account_of: Account | None = None,
    risk: RiskConfig = UNLIMITED, observer=None,
) -> Kernel:  # fmt: skip
    """A kernel whose stream has begun."""
    kernel = Kernel(blueprint(of, instruments or (BTC,), risk), observer=observer)
    kernel.turn(opening(instruments or (BTC,), cash, of=of, account_of=account_of))
    return kernel


def engine(kernel: Kernel, symbol: str = "BTC/USDT", name: str = "tested") -> Engine:
    return kernel.engines[name][symbol]


def fold(kernel: Kernel, name: str = "tested") -> bytes:
    return bytes(kernel.state.books[name].fold)


def position(kernel: Kernel, symbol: str = "BTC/USDT", name: str = "tested") -> Position:
    return kernel.state.books[name].positions[symbol]


def candles(closes: Iterable[int], *, of: Instrument = BTC, start: int = 0, kind=CandleClosed) -> list[MarketMessage]:
    """A minute each, from `start` on; a candle opens where the last one closed."""
    made, last = [], None
    for minute, close in enumerate(closes):
        opens = start + minute * MINUTE
        first = close if last is None else last
        high, low = max(first, close), min(first, close)
        made.append(kind(opens + MINUTE, of.symbol, opens, first, high, low, close, volume=1000 + close % 97))
        last = close
    return made


def filled(kernel: Kernel, order: OrderRequested, price: str = "500", fee: str = "0") -> OrderFilled:
    after = kernel.state.ordinal
    return OrderFilled(order.ts, after, order.order, "t1", Decimal(price), order.quantity, Decimal(fee), "USDT")


def holding(*filters) -> Kernel:
    """One unit was bought at candle 1, for 500.01."""
    kernel = opened(strategy(OBEY, filters=filters))
    (_, order) = turned(kernel, candles([LONG_AT]))
    turned(kernel, [OrderAccepted(0, 1, 1, "v1"), filled(kernel, order, "500.01")])
    return kernel


def entered(exits=None, *, wish=LONG_AT, price="500.01", start=0, **more) -> Kernel:
    """One unit was entered at the first candle, with these exits around it."""
    kernel = opened(strategy(OBEY, exits=exits or Exits()), **more)
    _, entry, *guards = turned(kernel, candles([wish], start=start))
    kernel.turn(filled(kernel, entry, price))
    turned(kernel, [OrderAccepted(0, 1, guard.order, f"v{guard.order}") for guard in guards])
    return kernel


def next_candles(kernel: Kernel, *closes: int) -> list[Event]:
    return turned(kernel, candles(closes, start=kernel.state.markets["BTC/USDT"].open_time + MINUTE))


def ending(market: Sequence[MarketMessage]) -> MarketEnded:
    return MarketEnded(market[-1].ts if market else 0, len(market))


def merged(*markets: Sequence[MarketMessage]) -> list[MarketMessage]:
    """In processing order: by event time, then in the order given."""
    return sorted((m for market in markets for m in market), key=lambda m: m.ts)  # stable


def with_instants(market: Sequence[MarketMessage]) -> list[MarketMessage]:
    """The same, with the end of every instant."""
    made: list[MarketMessage] = []
    for message, following in zip_longest(market, market[1:]):
        ends = following is None or following.ts != message.ts
        made += [message, InstantClosed(message.ts)] if ends else [message]
    return made


def turned(kernel: Kernel, messages: Iterable[Message]) -> list[Event]:
    return [event for message in messages for event in kernel.turn(message)]


def served(kernel: Kernel, messages: Iterable[Message]) -> list[Event]:
    """Beside a venue that fills market orders at once, at the last close, and ends what it is asked to end."""
    events: list[Event] = []
    for message in messages:
        waiting = list(kernel.turn(message))
        while waiting:
            event = waiting.pop(0)
            events.append(event)
            if isinstance(event, OrderRequested) and event.kind == "market":
                last = from_units(kernel.state.markets[event.symbol].last, 2)
                waiting += kernel.turn(filled(kernel, event, str(last)))
            elif isinstance(event, CancelRequested):
                waiting += kernel.turn(OrderCanceled(event.ts, kernel.state.ordinal, event.order, "requested"))
    return events


def of_type(kind: type[T], entries: Iterable[Any]) -> list[T]:
    return [entry for entry in entries if isinstance(entry, kind)]


def finish(coroutine: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine that waits for nothing: a simulated venue and a list need no event loop."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        return done.value
    raise AssertionError("it waited")


@dataclass
class ListWriter:
    """A log that is a list."""

    records: list[Record] = field(default_factory=list)
    epoch: int = 1
    head: Head = Head(0, GENESIS)

    async def append(self, records: Sequence[Record]) -> None:
        self.records += records

    async def close(self) -> None:
        pass


@dataclass
class Ran:
    """A session that has run: its kernel, its venue, and what its log holds."""

    kernel: Kernel
    venue: SimulatedVenue
    records: list[Record]
    digest: str

    @property
    def entries(self) -> list[Any]:
        return [decode(r.type, r.schema_version, r.payload) for r in self.records]

    @property
    def head(self) -> bytes:
        return self.records[-1].hash


def run(
    of: Strategies, market: Sequence[MarketMessage], *instruments: Instrument, fill="next_open", observer=None,
    account_of: Account | None = None, risk: RiskConfig = UNLIMITED, **doubts,
) -> Ran:  # fmt: skip
    """The market from its opening to its end, through a simulated venue and into a log; `doubts` are the venue's."""
    instruments = instruments or (BTC,)
    kernel = Kernel(blueprint(of, instruments, risk), observer=observer)
    begins = opening(instruments, of=of, account_of=account_of)
    venue = SimulatedVenue(SimulatedVenueConfig(fill, **doubts), instruments, begins.account, seed=0)
    writer = ListWriter()
    session = Session(kernel, venue, BatchJournal(writer, wire_prefix="t"))
    for step in (session.message(begins), session.market(market), session.message(ending(market))):
        finish(step)
    finish(session.journal.flush())
    return Ran(kernel, venue, writer.records, session.journal.chain.decisions.hexdigest())

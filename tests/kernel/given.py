"""What the tests are given: two markets, a few strategies, rules that obey their prices, and a session in memory."""

from collections.abc import Coroutine, Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, TypeVar

import msgspec

from kernel.blueprint import Blueprint
from kernel.codec import decode
from kernel.events import Event, OrderRequested
from kernel.features.declaration import feature
from kernel.instrument import Instrument
from kernel.kernel import Kernel
from kernel.messages import (
    CandleClosed,
    MarketEnded,
    MarketMessage,
    Message,
    OrderAccepted,
    OrderFilled,
    StreamOpened,
)  # fmt: skip
from kernel.models.cross import Cross
from kernel.models.mean_reversion import MeanReversion
from kernel.models.prediction import FLAT, LONG, SHORT
from kernel.models.rule import PythonRule, Rule
from kernel.strategy import Cooldown, Execution, Gate, MinConfidence, Strategy
from kernel.strategy import Session as Hours
from kernel.timeframe import NS_PER_SECOND
from service.log.record import GENESIS, Head, Record
from service.session import Session
from venues.fills import SimulatedVenueConfig
from venues.simulated import SimulatedVenue

MINUTE = 60 * NS_PER_SECOND
CASH = Decimal(1_000_000)
T = TypeVar("T")


def instrument(symbol: str, **rules: Decimal) -> Instrument:
    base, quote = symbol.split("/")
    usual = {"tick": "0.01", "lot": "0.001", "min_notional": "0", "fee_rate": "0.001"}
    numbers = {name: rules.get(name, Decimal(text)) for name, text in usual.items()}
    return Instrument(symbol, base, quote, price_decimals=2, volume_decimals=3, **numbers)


BTC, ETH = instrument("BTC/USDT"), instrument("ETH/USDT")


class Obedient(Rule):
    """Wants what the last digit of the newest close says, so that a test writes its wishes into the prices."""

    WISHES = {1: LONG, 2: FLAT, 3: SHORT}

    def predict(self, values, market):
        return self.WISHES.get(market.last % 10)


class Memory(msgspec.Struct):
    calls: int = 0
    paid: list[Decimal] = []


class Forgetful(Rule):
    """Turns around at every third call since the price last ended in 7: what it wants, its memory alone can tell."""

    def __init__(self):
        self.memory = Memory()

    def predict(self, values, market):
        memory = self.memory
        memory.calls = 0 if market.last % 10 == 7 else memory.calls + 1
        memory.paid = [*memory.paid[-2:], market.cost]
        return LONG if memory.calls % 6 < 3 else FLAT


def strategy(model, features=(), *, quantity="1", gate=None, filters=()) -> Strategy:
    return Strategy("tested", model, Execution(Decimal(quantity)), tuple(features), gate, tuple(filters))


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
RULES = {"given.py:Obedient": Obedient, "given.py:Forgetful": Forgetful}


def blueprint(of: Strategy = OBEDIENT, instruments: Sequence[Instrument] = (BTC,)) -> Blueprint:
    rule = RULES[of.model.source] if isinstance(of.model, PythonRule) else None
    return Blueprint(of, "model", tuple(instruments), (MINUTE,) * len(instruments), rule)


def opening(instruments: Sequence[Instrument] = (BTC,), cash: Decimal = CASH) -> StreamOpened:
    return StreamOpened(0, 0, "definition", "tested", "USDT", cash, tuple(instruments))


def opened(of: Strategy = OBEDIENT, *instruments: Instrument, cash: Decimal = CASH, observer=None) -> Kernel:
    """A kernel whose stream has begun."""
    kernel = Kernel(blueprint(of, instruments or (BTC,)), observer=observer)
    kernel.turn(opening(instruments or (BTC,), cash))
    return kernel


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


def next_candles(kernel: Kernel, *closes: int) -> list[Event]:
    return turned(kernel, candles(closes, start=kernel.state.markets["BTC/USDT"].open_time + MINUTE))


def ending(market: Sequence[MarketMessage]) -> MarketEnded:
    return MarketEnded(market[-1].ts if market else 0, len(market))


def merged(*markets: Sequence[MarketMessage]) -> list[MarketMessage]:
    """In processing order: by event time, then in the order given."""
    return sorted((m for market in markets for m in market), key=lambda m: m.ts)  # stable


def turned(kernel: Kernel, messages: Iterable[Message]) -> list[Event]:
    return [event for message in messages for event in kernel.turn(message)]


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
    of: Strategy, market: Sequence[MarketMessage], *instruments: Instrument, fill="next_open", observer=None
) -> Ran:
    """The market from its opening to its end, through a simulated venue and into a log."""
    instruments = instruments or (BTC,)
    kernel = Kernel(blueprint(of, instruments), observer=observer)
    venue = SimulatedVenue(SimulatedVenueConfig(fill), instruments, {"USDT": CASH})
    writer = ListWriter()
    session = Session(kernel, venue, writer, wire_prefix="t")
    for step in (session.message(opening(instruments)), session.market(market), session.message(ending(market))):
        finish(step)
    finish(session.flush())
    return Ran(kernel, venue, writer.records, session.chain.decisions.hexdigest())

"""Prices and volumes beyond 64 bits, which a token of eighteen decimals has: they are remembered, and go on."""

from decimal import Decimal

import msgspec
import pytest
from hypothesis import event, given
from hypothesis import strategies as st
from msgspec.structs import replace

from kernel.blueprint import Blueprint, Seat
from kernel.brackets import Entry, Exits
from kernel.events import CancelRequested, OrderRequested
from kernel.features.declaration import feature
from kernel.kernel import Kernel
from kernel.messages import OrderAccepted, OrderRejected
from kernel.models.cross import Cross
from kernel.models.prediction import FLAT, LONG, SHORT
from kernel.models.rule import PythonRule, Rule
from tests.kernel.drawn import markets
from tests.kernel.given import BTC, ETH, MINUTE, account, candles, finish, opened, opening, strategy, turned
from venues.simulated import SimulatedVenue
from venues.simulation import SimulatedVenueConfig
from venues.venue import Accepted

PAIR = (BTC, ETH)
WIDE = 10**22
FEATURES = (  # bars in the making, another market's candles, volumes
    feature("fast", "vwap", period=1, timeframe="3m"),
    feature("slow", "sma", "ETH/USDT:close", period=1),
)


class Ledger(msgspec.Struct):
    newest: int = 0
    closes: dict[str, list[int]] = {}
    least: float = float("nan")
    paid: Decimal = Decimal("0E-3")
    seal: bytes = b""


class Bookkeeper(Rule):
    """Trades on the digit that the close had before it was made wide, and remembers what msgpack has no word for."""

    def __init__(self):
        self.memory = Ledger()

    def predict(self, values, market, position):
        memory, last = self.memory, market.last
        turns = (last - memory.newest) * (last - memory.newest)
        memory.closes = {"seen": [*memory.closes.get("seen", [])[-2:], -turns, last]}
        memory.newest, memory.paid, memory.seal = last, position.cost, str(last).encode() + b"\xff"
        memory.least = float(last) if memory.least != memory.least else min(memory.least, float(last))  # noqa: PLR0124 - NaN
        return {1: LONG, 2: FLAT, 3: SHORT}.get(last % 10)


EXITS = Exits(stop_loss=Decimal("0.02"), take_profit=Decimal("0.05"), trailing_stop=Decimal("0.03"))
STRATEGIES = (
    strategy(Cross("fast", "slow"), FEATURES, name="crosses", exits=EXITS),
    strategy(PythonRule("bookkeeper"), name="books", entry=Entry("limit", Decimal("0.001")), exits=Exits(minutes=4)),
)
BLUEPRINT = Blueprint(
    tuple(Seat(s, "model", Bookkeeper if s.name == "books" else None) for s in STRATEGIES), PAIR, (MINUTE, MINUTE)
)
OPENING = opening(
    PAIR, of=STRATEGIES, account_of=account(PAIR, Decimal(10**30), kind="margin", leverage=Decimal(10))
)  # fmt: skip
VENUES = (
    SimulatedVenueConfig("same_close", volume_share=Decimal("0.000001")),
    SimulatedVenueConfig("next_open", slippage_rate=Decimal("0.001"), latency_ms=70_000),
)


def widened(message):
    """Every number of a candle as many times as large, the last digit of a price as it was."""
    prices = {name: getattr(message, name) for name in ("open", "high", "low", "close")}
    wide = {name: price * WIDE + price % 10 for name, price in prices.items()}
    return replace(message, **wide, volume=message.volume * WIDE)


def desk(config):
    """A kernel, and the venue beside it."""
    return Kernel(BLUEPRINT), SimulatedVenue(config, PAIR, OPENING.account, seed=3)


def beside(kernel, venue, market):
    """Market messages through both: what the kernel was told, and what it derived."""
    made = []

    def tell(message):
        events = kernel.turn(message)
        made.append((message, tuple(events)))
        for wish in events:
            if isinstance(wish, CancelRequested):
                finish(venue.cancel(f"w{wish.order}"))
            elif isinstance(wish, OrderRequested):
                answer, at = finish(venue.submit(wish, f"w{wish.order}")), (wish.ts, kernel.state.ordinal, wish.order)
                tell(OrderAccepted(*at, "v") if isinstance(answer, Accepted) else OrderRejected(*at, answer.code))
            for report in venue.reports():
                tell(report)

    for message in market:
        for report in venue.take(message):
            tell(report)
        tell(message)
    return made


@pytest.mark.parametrize("config", VENUES, ids=["same_close", "next_open"])
@given(markets(*PAIR), st.data())
def test_a_kernel_and_a_venue_restored_go_on_as_if_nothing_had_happened(config, market, data):
    wide = [widened(message) for message in market]
    cut = data.draw(st.integers(0, len(wide)))
    kernel, venue = desk(config)
    kernel.turn(OPENING)
    beside(kernel, venue, wide[:cut])
    restored, again = desk(config)
    restored.restore(kernel.snapshot())
    again.restore(venue.snapshot())
    assert (restored.fingerprint(), again.snapshot()) == (kernel.fingerprint(), venue.snapshot())
    expected = beside(kernel, venue, wide[cut:])
    assert beside(restored, again, wide[cut:]) == expected
    assert (restored.fingerprint(), again.snapshot()) == (kernel.fingerprint(), venue.snapshot())
    event(f"orders: {min(kernel.state.orders_requested, 3)} or more" if kernel.state.orders_requested else "no order")


@pytest.mark.parametrize("number", [2**63 - 1, 2**63, 2**64 - 1, 2**64, -(2**63), -(2**63) - 1, 2**400, -(2**400)])
def test_a_rule_remembers_a_whole_number_of_any_size(number):
    kernel, _ = desk(VENUES[0])
    memory = kernel._pipelines["books"]["BTC/USDT"].rule.memory
    memory.newest, memory.closes, memory.seal = number, {"both": [number, -number]}, b"\x00\xff"
    restored, _ = desk(VENUES[0])
    restored.restore(kernel.snapshot())
    found = restored._pipelines["books"]["BTC/USDT"].rule.memory
    assert (found.newest, found.closes, found.seal) == (number, {"both": [number, -number]}, b"\x00\xff")
    assert restored.fingerprint() == kernel.fingerprint()


def test_a_market_of_wide_prices_has_a_fingerprint_for_each():
    seen = set()
    for close in (2**64 + 1, 2**64 + 2):
        kernel = opened()
        turned(kernel, candles([close]))
        seen.add(kernel.fingerprint())
    assert len(seen) == 2

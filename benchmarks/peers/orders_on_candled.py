"""The orders on candled: its kernel decides and guards, its simulated venue fills, in one process and without a log.

The plan tells it when and which way; every price of an order it works out itself, from shares of the close.
"""

import asyncio
from collections.abc import Sequence
from decimal import Decimal

from orders_cases import MILLION, QUANTITY, Case, Episode, Fill, Run
from orders_market import PRICE_DECIMALS, Candle, units, whole

from kernel.account import Account
from kernel.blueprint import Blueprint, Seat
from kernel.brackets import Entry, Exits
from kernel.codec import decode
from kernel.events import OrderRequested
from kernel.instrument import Instrument
from kernel.kernel import Kernel
from kernel.messages import CandleClosed, MarketEnded, OrderFilled, StreamOpened
from kernel.models.prediction import FLAT, LONG, SHORT, Prediction
from kernel.models.rule import PythonRule, Rule
from kernel.state import Market, Position
from kernel.strategy import Execution, Strategy
from service.journal import BatchJournal
from service.log.record import GENESIS, Head, Record
from service.session import Session
from venues.simulated import SimulatedVenue
from venues.simulation import SimulatedVenueConfig

TICK = Decimal(1).scaleb(-PRICE_DECIMALS)
BALANCES = {"USDT": Decimal(100_000_000)}


class Planned(Rule):
    """Wants what the plan says, at the candles that it names."""

    def __init__(self, wishes: dict[int, Prediction]) -> None:
        self.wishes = wishes

    def predict(self, _values: Sequence[float], market: Market, _position: Position) -> Prediction | None:
        return self.wishes.get(market.open_time)


class Kept:
    """A log that is a list, and never durable."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.epoch, self.head = 1, Head(0, GENESIS)

    async def append(self, records: Sequence[Record]) -> None:
        self.records += records

    async def close(self) -> None: ...


def trade(run: Run, candles: Sequence[Candle], plan: Sequence[Episode]) -> list[Fill]:
    """Every fill, in order. Errors: ValueError where an order was refused."""
    entries = [
        decode(record.type, record.schema_version, record.payload) for record in asyncio.run(log(run, candles, plan))
    ]
    signs = {entry.order: 1 if entry.side == "buy" else -1 for entry in entries if isinstance(entry, OrderRequested)}
    refused = [entry for entry in entries if type(entry).__name__ in {"RiskRefused", "OrderRejected", "ReportRefused"}]
    if refused:
        raise ValueError(f"{len(refused)} refused, the first: {refused[0]}")
    row_at = {closed(candle, run): row for row, candle in enumerate(candles)}
    return [
        Fill(row_at[entry.ts], signs[entry.order] * whole(entry.quantity), units(entry.price))
        for entry in entries
        if isinstance(entry, OrderFilled)
    ]


async def log(run: Run, candles: Sequence[Candle], plan: Sequence[Episode]) -> list[Record]:
    """One session from its opening to the market's end."""
    base, quote = run.market.symbol.split("/")
    least = Decimal("0.001")
    instrument = Instrument(run.market.symbol, base, quote, PRICE_DECIMALS, 3, TICK, least, Decimal(0), Decimal(0))
    account = Account(quote, BALANCES, {base: instrument.symbol}, kind="margin", leverage=Decimal(10))
    wishes = {candles[episode.leave].open_time_ms * MILLION: FLAT for episode in plan}
    wishes |= {
        candles[episode.row].open_time_ms * MILLION: LONG if episode.side == "buy" else SHORT for episode in plan
    }
    strategy = Strategy(
        "planned", PythonRule("planned"), Execution(Decimal(QUANTITY), entry=entry(run.case)), exits=exits(run.case)
    )
    seat = Seat(strategy, "planned", lambda: Planned(wishes))
    kernel = Kernel(Blueprint((seat,), (instrument,), (run.market.candle_ms * MILLION,)))
    venue = SimulatedVenue(SimulatedVenueConfig(run.fill, path=run.path), [instrument], account)
    kept = Kept()
    session = Session(kernel, venue, BatchJournal(kept, wire_prefix="orders"))
    messages = [
        CandleClosed(
            closed(c, run), instrument.symbol, c.open_time_ms * MILLION, c.open, c.high, c.low, c.close, volume=1_000
        )
        for c in candles
    ]
    await session.message(StreamOpened(messages[0].open_time, 0, "orders", ("planned",), account, (instrument,)))
    await session.market(messages)
    await session.message(MarketEnded(messages[-1].ts, len(messages)))
    await session.journal.flush()
    return kept.records


def entry(case: Case) -> Entry:
    return Entry(case.entry, offset=share(case.entry_ppm), limit_offset=share(case.limit_ppm))


def exits(case: Case) -> Exits:
    return Exits(
        stop_loss=share(case.stop_ppm) if case.stop_ppm else None,
        take_profit=share(case.target_ppm) if case.target_ppm else None,
        trailing_stop=share(case.trail_ppm) if case.trail_ppm else None,
        trailing_amount=Decimal(case.trail).scaleb(-PRICE_DECIMALS) if case.trail else None,
        reenter="new_signal",
    )


def share(ppm: int) -> Decimal:
    return Decimal(ppm).scaleb(-6)


def closed(candle: Candle, run: Run) -> int:
    """When the candle closes, ns."""
    return (candle.open_time_ms + run.market.candle_ms) * MILLION

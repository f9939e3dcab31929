"""Logs made by hand, booked by the kernel's own bookkeeping, over candles that are real datasets."""

import random
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from kernel.account import Account
from kernel.events import CandlesSkipped, EquityMarked, OrderRequested
from kernel.instrument import Instrument
from kernel.messages import MarketEnded, OrderAccepted, OrderFilled, StreamOpened
from kernel.money import ZERO, subtract
from kernel.orders import Order, OrderState
from kernel.portfolio import book_fill, equity
from kernel.state import Book, Market, Position, State
from kernel.timeframe import DAY_NS, parse_time, timeframe_ns
from research.importing.candles import Market as ImportedMarket
from research.importing.importer import import_candles
from research.report.market import DatasetCandles
from research.report.market import Market as CandleMarket
from research.report.measure import Report, Run, measure
from research.report.reading import Reading
from service.log.record import Chain, Record
from venues.dataset import Dataset, open_dataset

START = parse_time("2022-01-01")
MINUTE = timeframe_ns("1m")
HOUR = timeframe_ns("1h")


class Candle(NamedTuple):
    """Prices in cents, volume in thousandths."""

    open_time: int
    open: int
    high: int
    low: int
    close: int
    volume: int


def flat_candles(closes: Sequence[int], step: int = MINUTE, volume: int = 1_000_000) -> list[Candle]:
    """Candles that open where the one before closed, and go nowhere else."""
    opens = [closes[0], *closes[:-1]]
    rows = enumerate(zip(opens, closes, strict=True))
    return [Candle(START + n * step, o, max(o, c), min(o, c), c, volume) for n, (o, c) in rows]


def walk(rows: int, seed: int = 1, step: int = MINUTE, start: int = 4_000_000) -> list[Candle]:
    chance = random.Random(seed)
    closes = [start]
    for _ in range(rows - 1):
        closes.append(max(1000, round(closes[-1] * (1 + chance.gauss(0, 0.004)))))
    return flat_candles(closes, step)


def dataset(folder: Path, candles: Sequence[Candle], symbol: str = "BTC/USDT", timeframe: str = "1m") -> Dataset:
    """Imported as a user would."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{symbol.replace('/', '')}.csv"
    lines = ["timestamp,open,high,low,close,volume"]
    for c in candles:
        prices = ",".join(f"{p // 100}.{p % 100:02}" for p in c[1:5])
        lines.append(f"{c.open_time // 10**6},{prices},{c.volume / 1000:.3f}")
    path.write_text("\n".join(lines) + "\n")
    imported = import_candles(folder, [path], ImportedMarket("binance", symbol, timeframe))
    return open_dataset(folder, imported.manifest.dataset)


def candles_of(found: Dataset | None) -> DatasetCandles | None:
    return None if found is None else DatasetCandles(found)


def instrument(symbol: str = "BTC/USDT", lot: str = "0.001") -> Instrument:
    base, quote = symbol.split("/")
    return Instrument(symbol, base, quote, 2, 3, Decimal("0.01"), Decimal(lot), ZERO, Decimal("0.001"))


class Scribe:
    """Writes the log of a run that somebody else decides."""

    def __init__(
        self,
        candles: Mapping[str, Sequence[Candle]],
        *,
        cash: str = "100000",
        currency: str = "USDT",
        step: int = MINUTE,
        strategies: Sequence[str] = ("trend",),
        marks: Mapping[str, str] | None = None,
        **balances: str,
    ) -> None:
        self.candles, self.step = candles, step
        instruments = tuple(instrument(symbol) for symbol in candles)
        held = {currency: Decimal(cash)} | {asset: Decimal(text) for asset, text in balances.items()}
        account = Account(currency, held, dict(marks or {i.base: i.symbol for i in instruments}), "margin")
        books = {name: Book({symbol: Position() for symbol in candles}) for name in strategies}
        self.state = State({i.symbol: Market(i) for i in instruments}, books, account=account, balances=dict(held))
        self.entries: list[Any] = [StreamOpened(START, 0, "0" * 64, tuple(strategies), account, instruments)]
        self.orders = 0
        self.day = START // DAY_NS
        self.at(START + step)  # the first candles have closed: everything has a price
        if balances:
            self.mark("open")

    def at(self, ts: int) -> None:
        """Every candle that closes by then has come."""
        day = (ts - 1) // DAY_NS
        if day > self.day:
            self.last_prices(day * DAY_NS)
            self.state.ts, self.day = ts, day
            self.mark("day")
        self.last_prices(ts)
        self.state.ts = ts

    def last_prices(self, ts: int) -> None:
        for symbol, candles in self.candles.items():
            closed = min((ts - candles[0].open_time) // self.step, len(candles))
            if closed > 0:
                self.state.markets[symbol].last = candles[closed - 1].close

    def mark(self, cause: Any) -> None:
        state, currency = self.state, self.state.account.currency
        self.entries.append(EquityMarked(state.ts, cause, currency, state.balances.get(currency, ZERO), equity(state)))

    def order(self, side: str, quantity: str, symbol: str = "BTC/USDT", strategy: str = "trend", **more: Any) -> int:
        self.orders += 1
        kind = more.pop("kind", "market")
        request = OrderRequested(self.state.ts, strategy, symbol, 1, self.orders, side, kind, Decimal(quantity), **more)
        self.state.orders[self.orders] = Order(request, ZERO, OrderState.REQUESTED, [])
        self.entries += [request, OrderAccepted(self.state.ts, 0, self.orders, f"v{self.orders}")]
        return self.orders

    def fill(self, order: int, quantity: str, price: str, fee: str = "0", fee_asset: str = "USDT", **more: Any) -> None:
        state, known = self.state, self.state.orders[order]
        market = state.markets[known.request.symbol]
        trade_id = f"{order}-{len(known.trade_ids) + 1}"
        known.trade_ids.append(trade_id)
        fill = OrderFilled(
            state.ts, 0, order, trade_id, Decimal(price), Decimal(quantity), Decimal(fee), fee_asset, **more
        )
        position = state.books[known.request.strategy].positions[known.request.symbol]
        change = book_fill(state, market.instrument, position, known, fill)
        position.quantity, position.cost = change.quantity, change.cost
        state.balances[market.instrument.base] = change.base_balance
        state.balances[market.instrument.quote] = change.quote_balance
        if fee_asset not in {market.instrument.base, market.instrument.quote}:
            state.balances[fee_asset] = subtract(state.balances.get(fee_asset, ZERO), fill.fee)
        self.entries += [fill, change]
        self.mark("fill")

    def trade(self, side: str, quantity: str, price: str, **more: Any) -> None:
        """An order that is filled at once."""
        of_fill = {k: more.pop(k) for k in ("fee", "fee_asset", "liquidity", "slippage", "ambiguous") if k in more}
        self.fill(self.order(side, quantity, **more), quantity, price, **of_fill)

    def skip(self, **counts: int) -> None:
        self.entries.append(CandlesSkipped(self.state.ts, "trend", 1, sum(counts.values()), counts, "0" * 64))

    def add(self, entry: Any) -> None:
        self.entries.append(entry)

    def end(self) -> None:
        last = max(candles[-1].open_time for candles in self.candles.values()) + self.step
        self.at(last)
        self.entries.append(MarketEnded(last, 1))
        self.mark("end")

    @property
    def records(self) -> list[Record]:
        return list(Chain(epoch=1).extend(self.entries))

    def report(self, datasets: Mapping[str, Dataset], **definition: Any) -> Report:
        lengths = {symbol: CandleMarket(self.step, candles_of(datasets.get(symbol))) for symbol in self.candles}
        run = Run("ab" * 32, "ab" * 32 + "/1", lengths, None, None, definition)
        read = Reading(lengths)
        for record in self.records:
            read.take(record)
        return measure(run, read)

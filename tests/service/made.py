"""Small markets, made into datasets by the real import, and real runs over them, each in files of its own."""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from kernel.timeframe import parse_time, timeframe_ns
from research.importing.candles import Market
from research.importing.importer import import_candles
from service.compose import compose
from service.config import load_config
from service.definition import RunDefinition, Window
from service.explain import Explanation, candle_at, explain
from service.features import Mode
from service.launch import Prepared, execute, prepare
from service.log.file import FileLogStore
from service.log.record import Head, Record, decoded
from service.loop import run as run_loop
from service.replay import Replayed, read_log, replay
from service.result import Result
from service.runs import resolve, runs_dir
from venues.dataset import Dataset, open_dataset

ROOT = Path(__file__).resolve().parents[2]
EMA_CROSS = ROOT / "examples" / "ema_cross.toml"
MEAN_REVERSION = ROOT / "examples" / "mean_reversion.toml"
OWN_RULE = ROOT / "examples" / "own_rule.toml"
START = "2022-01-01"


class Candle(NamedTuple):
    """Prices in cents, volume in thousandths, `open_time` in ns."""

    open_time: int
    open: int
    high: int
    low: int
    close: int
    volume: int


def walk(rows: int, seed: int = 1, *, timeframe: str = "1m", start: str = START) -> list[Candle]:
    """A restless market: averages of it cross every twenty candles or so."""
    chance, close = random.Random(seed), 4_000_000
    opened, step = parse_time(start), timeframe_ns(timeframe)
    candles = []
    for row in range(rows):
        first = close + chance.randint(-300, 300) - (close - 4_000_000) // 2_000
        close = first + chance.choice([chance.randint(-2_000, 2_000), chance.randint(-20_000, 20_000)])
        high, low = max(first, close) + chance.randint(0, 500), min(first, close) - chance.randint(0, 500)
        candles.append(Candle(opened + row * step, first, high, low, close, chance.randint(0, 90_000)))
    return candles


def market_of(*rows: int | tuple[int, ...], timeframe: str = "1m", start: str = START) -> list[Candle]:
    """Candles by hand, prices in whole units of quote: a close, or open, high, low, close. Without them it opens where
    the last one closed.
    """
    opened, step, made = parse_time(start), timeframe_ns(timeframe), []
    for place, row in enumerate(rows):
        before = made[-1].close // 100 if made else row if isinstance(row, int) else row[0]
        prices = (before, max(before, row), min(before, row), row) if isinstance(row, int) else row
        made.append(Candle(opened + place * step, *(price * 100 for price in prices), volume=1_001 + 7 * place))
    return made


_LEVELS = """
name = "{name}"
features = [
  {{ name = "price", kind = "sma", period = 1 }},
  {{ name = "top", kind = "sma", period = 1, inputs = ["{top}"] }},
  {{ name = "bottom", kind = "sma", period = 1, inputs = ["{bottom}"] }},
]
model = {{ kind = "breakout", price = "price", high = "top", low = "bottom", both_sides = {both_sides} }}
"""


def levels(name: str = "levels", top: int = 40_100, bottom: int = 39_900, *, both_sides: bool = False) -> str:
    """The beginning of a strategy's table: long above one price, flat or short below another; no opinion between."""
    return _LEVELS.format(name=name, top=top, bottom=bottom, both_sides=str(both_sides).lower())


def dataset(data_dir: Path, candles: Iterable[Candle], symbol: str = "BTC/USDT", timeframe: str = "1m") -> Dataset:
    data_dir.mkdir(parents=True, exist_ok=True)
    path = data_dir / f"{symbol.replace('/', '')}.csv"
    rows = (f"{c.open_time // 10**6},{_csv(c)},{Decimal(c.volume).scaleb(-3)}" for c in candles)
    path.write_text("\n".join(["timestamp,open,high,low,close,volume", *rows]) + "\n")
    imported = import_candles(data_dir, [path], Market("binance", symbol, timeframe))
    return open_dataset(data_dir, imported.manifest.dataset)


def _csv(candle: Candle) -> str:
    return ",".join(str(Decimal(price).scaleb(-2)) for price in candle[1:5])


@dataclass(frozen=True)
class Ran:
    """An execution that came to its end."""

    data_dir: Path
    result: Result
    definition: RunDefinition

    @property
    def path(self) -> Path:
        return runs_dir(self.data_dir) / self.result.stream

    @property
    def head(self) -> Head:
        return Head(self.result.events, bytes.fromhex(self.result.log_head))

    @property
    def records(self) -> list[Record]:
        return records(self.data_dir, self.result.stream)

    @property
    def entries(self) -> list[Any]:
        return [decoded(record) for record in self.records]

    def of_type(self, name: str) -> list[Any]:
        return [decoded(record) for record in self.records if record.type == name]

    def replayed(self, recorded: Sequence[Record] | None = None, *, ended: Head | None = None) -> Replayed:
        composed = compose(self.definition, self.data_dir)
        return replay(composed, self.records if recorded is None else recorded, ended=ended)

    def explained(
        self, at: str | int, symbol: str = "BTC/USDT", recorded: Sequence[Record] | None = None, strategy: str = ""
    ) -> Explanation:
        """The first strategy's answer, unless another is named."""
        market = next(m for m in self.definition.markets if m.instrument.symbol == symbol)
        when = parse_time(at) if isinstance(at, str) else at
        opened = candle_at(open_dataset(self.data_dir, market.dataset), when)
        composed = compose(self.definition, self.data_dir)
        log = self.records if recorded is None else recorded
        own = strategy or self.definition.strategies[0].strategy.name
        return explain(composed, self.definition, log, strategy=own, symbol=symbol, opened=opened)


def records(data_dir: Path, stream: str) -> list[Record]:
    return run_loop(read_log(FileLogStore(runs_dir(data_dir)), stream))


def prepared(
    data_dir: Path, datasets: Sequence[Dataset], strategy: Path = EMA_CROSS, *overrides: str,
    details: Sequence[Dataset] = (), mode: Mode = "step", **window: str | None,
) -> Prepared:  # fmt: skip
    """`window` takes `first` and `before`, as times."""
    config = load_config(strategy, overrides=overrides)
    bounds = Window(**{name: parse_time(text) for name, text in window.items() if text})
    return prepare(data_dir, config, datasets, window=bounds, beside=strategy.parent, details=details, mode=mode)


def run(
    data_dir: Path, datasets: Sequence[Dataset], strategy: Path = EMA_CROSS, *overrides: str, **further: Any
) -> Ran:
    """`further` is what `prepared` takes."""
    ready = prepared(data_dir, datasets, strategy, *overrides, **further)
    result = execute(data_dir, ready, store="file")
    assert resolve(data_dir, result.stream).outcome().log_head == result.log_head
    return Ran(data_dir, result, ready.definition)

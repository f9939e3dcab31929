"""Small datasets with holes in them, and what the hot path makes of them, candle by candle."""

import random

import numpy as np

from kernel.features.engine import PlainEngine
from kernel.features.plan import make_plan
from kernel.timeframe import parse_time, timeframe_ns
from research.importing.candles import Facts, Market, Numbers, candles_of
from research.importing.promote import promote_candles
from service.definition import Window
from venues.dataset import Source, open_dataset
from venues.historical import HistoricalFeeder
from venues.instruments import instrument_for

START_NS = parse_time("2022-01-01T00:00Z")
ALL = Window()
NOW_NS = parse_time("2024-01-01")


def a_dataset(home, rows=700, *, symbol="BTC/USDT", seed=1, timeframe="1m", start_ns=START_NS, wide=1):
    """A random walk with holes: single candles, the ends of bars, and a stretch longer than an hour are missing."""
    draw = random.Random(seed)
    price, candles = 20_000, []
    for row in range(rows):
        lost = draw.random() < 0.1 or (row % 15 == 14 and draw.random() < 0.5) or 300 <= row < 380
        open_, price = price, max(100, price + draw.randint(-40, 40))
        high, low = max(open_, price) + draw.randint(0, 9), min(open_, price) - draw.randint(0, 9)
        if not lost:
            opened = start_ns + row * timeframe_ns(timeframe)
            candles.append((opened, open_, high, low, price, draw.choice([0, draw.randint(1, 10**6)]) * wide))
    times, *numbers = (
        np.array(column, dtype=np.int64 if wide == 1 else object) for column in zip(*candles, strict=True)
    )
    prices = tuple(Numbers(column, 2) for column in numbers[:4])
    source = Source(file=f"seed {seed}", sha256="0" * 64, format="drawn", rows=len(candles))
    facts = Facts(market=Market("drawn", symbol, timeframe), sources=(source,), now_ns=NOW_NS)
    manifest, _ = promote_candles(home, candles_of(times.astype(np.int64), prices, Numbers(numbers[4], 4)), facts)
    return open_dataset(home, manifest.dataset)


def hot(datasets, declared, wanted, window=ALL):
    """The wanted features after every candle of the first dataset, by the plain engine."""
    engines = {}
    for place, dataset in enumerate(datasets):
        manifest = dataset.manifest
        names = wanted if place == 0 else wanted[:0]
        plan = make_plan(declared, names, timeframe_ns(manifest.timeframe))
        engines[manifest.symbol] = PlainEngine(plan, instrument_for(manifest, {}, 0)[0], engines)
    base, rows = datasets[0].manifest.symbol, []
    for candle in HistoricalFeeder(datasets, before_ns=window.before).messages():
        if window.first is None or candle.open_time >= window.first:
            engines[candle.symbol].update(candle)
            if candle.symbol == base:
                rows.append(engines[base].emit())
    return dict(zip(wanted, np.array(rows, dtype=np.float64).T, strict=True))


def bits(column):
    return np.ascontiguousarray(column).view(np.int64)


def same_bits(one, other):
    """Every NaN is as good as another; all else must be equal to the last bit."""
    assert list(one) == list(other)
    for name in one:
        lost = np.isnan(other[name])
        np.testing.assert_array_equal(np.isnan(one[name]), lost, err_msg=name)
        np.testing.assert_array_equal(bits(one[name][~lost]), bits(other[name][~lost]), err_msg=name)

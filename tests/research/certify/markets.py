"""A market of a few thousand minutes in which everything happens: holes, halts, stretches without any movement."""

import random

import numpy as np

from kernel.timeframe import parse_time, timeframe_ns
from research.importing.candles import Facts, Market, Numbers, candles_of
from research.importing.promote import promote_candles
from venues.dataset import Source, open_dataset

START_NS = parse_time("2022-01-01T00:07Z")


def a_market(home, rows, *, symbol="BTC/USDT", seed=1, timeframe="1m"):
    """Moves of up to 0.4 %, one candle in thirty missing; for some hours no trade, then a hole, then one price only."""
    draw = random.Random(seed)
    price, candles = 2_000_000, []
    for row in range(rows):
        halted, flat, hole = (rows * k // 8 <= row < rows * k // 8 + 70 for k in (2, 3, 4))
        open_, price = (
            price,
            price if halted or flat else price + draw.randint(-8_000, 8_000) - (price - 2_000_000) // 50,
        )
        wick = 0 if halted or flat or draw.random() < 0.05 else draw.randint(0, 900)
        volume = 0 if halted or draw.random() < 0.05 else draw.randint(1, 10**6)
        if not hole and draw.random() > 0.03:
            opened = START_NS + row * timeframe_ns(timeframe)
            candles.append((opened, open_, max(open_, price) + wick, min(open_, price) - wick, price, volume))
    times, *numbers = (np.array(column, dtype=np.int64) for column in zip(*candles, strict=True))
    prices = tuple(Numbers(column, 2) for column in numbers[:4])
    source = Source(file=f"seed {seed}", sha256="0" * 64, format="drawn", rows=len(candles))
    facts = Facts(market=Market("drawn", symbol, timeframe), sources=(source,), now_ns=parse_time("2024-01-01"))
    manifest, _ = promote_candles(home, candles_of(times, prices, Numbers(numbers[4], 4)), facts)
    return open_dataset(home, manifest.dataset)

"""Candles and declarations that hypothesis draws: minutes with gaps, volumes of any size, features of any kind."""

import numpy as np
from hypothesis import strategies as st

from kernel.features.block import Block
from kernel.features.declaration import Feature, feature
from kernel.indicators.kind import COLUMNS, Whole
from kernel.indicators.registry import all_kinds
from kernel.instrument import Instrument
from kernel.messages import CandleClosed
from kernel.timeframe import NS_PER_SECOND

MINUTE = 60 * NS_PER_SECOND
BTC, ETH = (Instrument(f"{base}/USDT", base, "USDT", 2, 3, *[0] * 4) for base in ("BTC", "ETH"))

_steps = st.sampled_from([1] * 12 + [2, 3, 5, 6, 14, 61])
_prices = st.one_of(st.integers(-300, 300), st.sampled_from([0, 0, 100_000, -40_000]))
_volumes = st.one_of(st.integers(0, 5_000), st.sampled_from([0, 2**53 + 1, 2**62 - 1, 2**63 + 12_345, 10**22 + 7]))
_rows = st.tuples(_steps, _prices, st.integers(0, 50), st.integers(0, 50), _volumes)


def candle(of: Instrument, minute: int, prices, volume: int) -> CandleClosed:
    opened = minute * MINUTE
    return CandleClosed(opened + MINUTE, of.symbol, opened, *prices, volume)


@st.composite
def gappy(draw, of=BTC, *, least=1, most=90):
    """Candles of minutes in order; the first anywhere in its day."""
    minute, close, made = draw(st.integers(0, 1_500)) + 27_000_000, 90_000, []
    for step, move, up, down, volume in draw(st.lists(_rows, min_size=least, max_size=most)):
        opened, close = close, max(close + move, 1)
        prices = (opened, max(opened, close) + up, max(min(opened, close) - down, 1), close)
        made.append(candle(of, minute, prices, volume))
        minute += step
    return made


def column(values):
    return np.array(values, dtype=np.int64 if max(map(abs, values), default=0) < 2**63 else object)


def block_of(candles) -> Block:
    return Block(*(column([getattr(c, name) for c in candles]) for name in Block._fields))


def arrays(f, n):
    """The two state arrays, as compiled code takes them."""
    return np.array(f, dtype=np.float64), np.array(n, dtype=np.int64)


@st.composite
def cut(draw, items):
    """The same items in blocks, none of them empty."""
    places = draw(st.sets(st.integers(1, max(1, len(items) - 1)), max_size=6)) if len(items) > 1 else set()
    edges = [0, *sorted(places), len(items)]
    return [items[a:b] for a, b in zip(edges, edges[1:], strict=False) if a < b]


def seen_by(readers, candles, of):
    """The columns of the last candle of an earlier instant, for each reader's candle; NaN before any."""
    columns = np.full((len(COLUMNS), len(readers)), np.nan)
    for row, reader in enumerate(readers):
        earlier = [c for c in candles if c.ts < reader.ts]
        if earlier:
            c = earlier[-1]
            prices = [price / 10**of.price_decimals for price in (c.open, c.high, c.low, c.close)]
            columns[:, row] = [*prices, c.volume / 10**of.volume_decimals, float(c.open_time // MINUTE)]
    return list(columns)


@st.composite
def declarations(draw, *, symbols=("ETH/USDT",), most=7) -> tuple[Feature, ...]:
    """Features that read columns, numbers, other markets and each other, on candles and on bars; of few kinds."""
    made: list[Feature] = []
    kinds = draw(st.lists(st.sampled_from(list(all_kinds().values())), min_size=1, max_size=4))
    for place in range(draw(st.integers(1, most))):
        kind = draw(st.sampled_from(kinds))
        readable = [*COLUMNS, "0.5", *(f"{symbol}:close" for symbol in symbols), *(2 * [f.name for f in made])]
        inputs = [draw(st.sampled_from(readable)) for _ in kind.inputs]
        params = {name: _number(draw, bounds) for name, bounds in kind.parameters.items()}
        timeframe = draw(st.sampled_from(["", "", "5m", "15m", "1h"]))
        output = draw(st.sampled_from(list(kind.outputs)))
        made.append(feature(f"f_{place}", kind.name, *inputs, output=output, timeframe=timeframe, **params))
    return tuple(made)


def _number(draw, bounds):
    if isinstance(bounds, Whole):
        return draw(st.integers(bounds.low, min(bounds.high, bounds.low + 4)))
    return bounds.default if bounds.default is not None else min(bounds.high, max(bounds.low, 1.0))

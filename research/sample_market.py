"""A synthetic market for the demo: not recorded anywhere, and labelled so (venue "synthetic", symbol "DEMO/USDT").

A random walk whose steps are a share of the price, with volatility that wanders and returns (so it has calm and wild
days). Only integers from PCG64's raw stream are used, which numpy keeps stable: the same seed gives the same candles,
hence the same dataset id, on every machine.
"""

import time
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

import numpy as np

from kernel.errors import UsageError
from kernel.timeframe import parse_time, timeframe_ns
from research.importing.candles import Facts, Market, Numbers, candles_of
from research.importing.promote import promote_candles
from venues.dataset import DatasetManifest, Source

__all__ = ["make_sample_market"]

_MARKET = Market("synthetic", "DEMO/USDT", "1m")
_FIRST_OPEN = parse_time("2024-01-01")
_FINE = 10**6  # the walk's own unit is a millionth of a tick, so that rounding adds no drift
_START = 2_000_000 * _FINE  # 20,000.00
_STEPS = 4  # of the walk within a candle: they make its high and low
_DRAWS = 12  # uniform 16-bit numbers whose sum is nearly normal
_DEVIATION = 65_536  # of that sum
_MEAN = _DRAWS * 65_535 // 2
_SHARE = 10**12  # the unit of the volatility: how far a step goes, as a share of the price
_CALM, _USUAL, _WILD = 50 * 10**6, 350 * 10**6, 3_000 * 10**6  # 0.07 % a minute is usual, as for a large coin
_CHUNK = 8_192  # candles whose random numbers are drawn at once


def make_sample_market(
    data_dir: Path, *, rows: int = 200_000, seed: int = 7, progress: Callable[[int], None] = lambda _rows: None
) -> DatasetManifest:
    """Make the synthetic market a dataset, as an import would. `progress` is told the number of candles made.

    Errors: UsageError when there would be no candle, or some in the future.
    """
    now_ns = time.time_ns()
    step_ns = timeframe_ns(_MARKET.timeframe)
    if not 0 < rows <= (now_ns - _FIRST_OPEN) // step_ns:
        raise UsageError(f"a sample market cannot have {rows} rows", fix="200000 are plenty")
    candles = np.fromiter(_walk(rows, seed, progress), dtype=np.dtype((np.int64, 5)), count=rows)
    open_, high, low, close = (Numbers(candles[:, column], 2) for column in range(4))
    times = _FIRST_OPEN + np.arange(rows, dtype=np.int64) * step_ns
    origin = f"made by candled: seed {seed}, {rows} rows"
    facts = Facts(
        market=_MARKET,
        sources=(Source(file=origin, sha256=sha256(origin.encode()).hexdigest(), format="synthetic", rows=rows),),
        now_ns=now_ns,
        last_candle="finished",
    )
    manifest, _ = promote_candles(
        data_dir, candles_of(times, (open_, high, low, close), Numbers(candles[:, 4], 5)), facts
    )
    return manifest


def _walk(rows: int, seed: int, progress: Callable[[int], None]) -> Iterator[tuple[int, int, int, int, int]]:
    """Open, high, low, close in hundredths and volume in hundred-thousandths, candle by candle."""
    price, volatility = _START, _USUAL
    for moves in _normal_moves(rows, seed, progress):
        volatility += (_USUAL - volatility) // 3_000 + moves[_STEPS] * volatility // (_DEVIATION * 75)
        volatility = min(max(volatility, _CALM), _WILD)
        path = [price]
        for move in moves[:_STEPS]:
            price += price * volatility * move // (_DEVIATION * _SHARE)
            path.append(price)
        ticks = [max(point // _FINE, 1) for point in path]
        traded = 1_000 + abs(moves[_STEPS + 1]) * volatility // (30 * 10**6)
        yield ticks[0], max(ticks), min(ticks), ticks[-1], traded


def _normal_moves(rows: int, seed: int, progress: Callable[[int], None]) -> Iterator[list[int]]:
    """A list of nearly normal integers a candle, of mean 0: its steps, volatility's move, volume's."""
    generator = np.random.PCG64(seed)
    per_candle = _STEPS + 2
    for start in range(0, rows, _CHUNK):
        count = min(_CHUNK, rows - start)
        raw = generator.random_raw(count * per_candle * _DRAWS // 4).astype("<u8")
        sums = raw.view("<u2").astype(np.int64).reshape(count, per_candle, _DRAWS).sum(axis=2)
        progress(count)
        yield from (sums - _MEAN).tolist()

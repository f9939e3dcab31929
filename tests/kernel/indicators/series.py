"""Series to run kinds over, and how: real minutes where they are, a synthetic market everywhere."""

import random
from functools import cache
from pathlib import Path

import numpy as np

from kernel.features.columns import plain_scan
from kernel.indicators.registry import kind_named

REAL = Path(__file__).resolve().parents[4] / "shared" / "data" / "candles"


@cache
def synthetic(rows=3000, seed=7, scale=1.0):
    """Columns of a random walk: moves of a few tenths of a percent, wicks, now and then no trade at all."""
    draw = random.Random(seed)
    price, columns = 20_000.0, {name: [] for name in ("open", "high", "low", "close", "volume", "minute")}
    for row in range(rows):
        quiet = draw.random() < 0.03
        open_ = price
        price = price if quiet else round(price * (1 + draw.gauss(0, 0.002)), 2)
        wick = [0.0, 0.0] if quiet else [round(price * abs(draw.gauss(0, 0.001)), 2) for _ in "ab"]
        candle = (open_, max(open_, price) + wick[0], min(open_, price) - wick[1], price)
        for name, value in zip(columns, candle, strict=False):
            columns[name].append(value * scale)
        columns["volume"].append(0.0 if quiet else round(draw.lognormvariate(2, 1), 5))
        columns["minute"].append(float(27_000_000 + row))
    return {name: np.array(values) for name, values in columns.items()}


@cache
def real(rows=10_000):
    """Columns of real BTC/USDT minutes from June 2022 on; None where the recorded data is absent."""
    path = REAL / "binance-spot-BTCUSDT-1m-2022.parquet"
    if not path.is_file():
        return None
    import pyarrow.parquet as pq

    table = pq.read_table(path).slice(220_000, rows)
    columns = {name: table[name].to_numpy().astype(float) for name in ("open", "high", "low", "close", "volume")}
    return columns | {"minute": np.arange(rows) + 27_500_000.0}


def run(kind, columns, *, inputs=(), **params):
    """Every output of a kind over columns, by name. `inputs`: arrays, else the columns that the kind reads."""
    found = kind_named(kind)
    given = [*inputs] or [columns[name] if name in columns else np.full(len(columns["close"]), float(name))
                          for name in found.inputs]  # fmt: skip
    values = [params.get(name, bounds.default) for name, bounds in found.parameters.items()]
    floats, ints = found.room(*values)
    f, n = [0.0] * floats, [0] * ints
    found.bootstrap_state(f, n, 0, 0, *values)
    rows = len(given[0])
    outs = np.full((len(found.outputs), rows), np.nan)
    plain_scan(found, list(found.outputs))(f, n, 0, 0, np.ones(rows, dtype=bool), outs, *given)
    return dict(zip(found.outputs, outs, strict=True))

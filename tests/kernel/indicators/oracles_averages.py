"""Moving averages and oscillators: TA-Lib where it has them, else talipp, else pandas' own rolling and ewm machinery.

TA-Lib and talipp start an EMA at a simple mean, ours starts at its first input as pandas' does. So a kind made of EMAs
is held to pandas from its first value on, and to the others after the rows that it takes for the start to fade below
the tolerance: about 12 times the period for one EMA, more for EMAs of EMAs.
"""

import pandas as pd
import talib
from talipp.indicators import HMA, KAMA, SMMA, TSI, ZLEMA

from tests.kernel.indicators.oracle import Oracle

ROUNDING = "another order of additions and divisions"
FADED = "it starts its EMAs at simple means; the difference has faded by then"
SAME = "the same recursion from the first input on"
NEAR_0 = "differences of prices: relative to the prices, not to what little is left of them"
PRICE = 1e-9  # quote, where prices are 20,000 or more
PERCENT = 1e-11  # of values that go to 100


def closes(columns):
    return pd.Series(columns["close"])


def over_close(function, *args, **kwargs):
    return lambda columns: function(columns["close"], *args, **kwargs)


def over_range(function, *args, **kwargs):
    return lambda columns: function(columns["high"], columns["low"], columns["close"], *args, **kwargs)


def by_talipp(indicator, *args):
    return lambda columns: list(indicator(*args, input_values=columns["close"].tolist()))


def ema(series, period):
    return series.ewm(span=period, adjust=False, min_periods=period).mean()


def zscore(columns):
    rolling = closes(columns).rolling(50)
    return (closes(columns) - rolling.mean()) / rolling.std(ddof=0)


def dema(columns):
    first = ema(closes(columns), 20)
    return 2 * first - ema(first, 20)


def tema(columns):
    first = ema(closes(columns), 20)
    second = ema(first, 20)
    return 3 * first - 3 * second + ema(second, 20)


def trix(columns):
    third = ema(ema(ema(closes(columns), 15), 15), 15)
    return 100 * third.pct_change(fill_method=None)


def vwma(columns):
    volume = pd.Series(columns["volume"])
    return (closes(columns) * volume).rolling(20).sum() / volume.rolling(20).sum()


def zlema(columns):
    close = closes(columns)
    return ema(2 * close - close.shift(10), 21)


def tsi(columns):
    change = closes(columns).diff()
    return 100 * ema(ema(change, 25), 13) / ema(ema(change.abs(), 25), 13)


def cmo(columns):
    change = closes(columns).diff()
    gain, loss = (side.clip(lower=0).rolling(14).sum() for side in (change, -change))
    return 100 * (gain - loss) / (gain + loss)


def macd(part):
    def expected(columns):
        line = ema(closes(columns), 12) - ema(closes(columns), 26)
        return {"line": line, "signal": ema(line, 9), "histogram": line - ema(line, 9)}[part]

    return expected


def ppo(part):
    def expected(columns):
        slow = ema(closes(columns), 26)
        line = 100 * (ema(closes(columns), 12) - slow) / slow
        return {"line": line, "signal": ema(line, 9), "histogram": line - ema(line, 9)}[part]

    return expected


def awesome(columns):
    middle = talib.MEDPRICE(columns["high"], columns["low"])
    return talib.SMA(middle, 5) - talib.SMA(middle, 34)


AVERAGES = [
    Oracle(
        "sma", "TA-Lib", over_close(talib.SMA, 20), "it adds the newest and subtracts the oldest", params={"period": 20}
    ),
    Oracle("ema", "pandas", lambda columns: ema(closes(columns), 20), SAME, params={"period": 20}),
    Oracle("ema", "TA-Lib", over_close(talib.EMA, 20), FADED, params={"period": 20}, after=250),
    Oracle("wma", "TA-Lib", over_close(talib.WMA, 20), ROUNDING, params={"period": 20}),
    Oracle("dema", "pandas", dema, SAME, params={"period": 20}),
    Oracle("dema", "TA-Lib", over_close(talib.DEMA, 20), FADED, params={"period": 20}, after=400),
    Oracle("tema", "pandas", tema, SAME, params={"period": 20}),
    Oracle("tema", "TA-Lib", over_close(talib.TEMA, 20), FADED, params={"period": 20}, after=500),
    Oracle("trima", "TA-Lib, odd", over_close(talib.TRIMA, 21), ROUNDING, params={"period": 21}),
    Oracle("trima", "TA-Lib, even", over_close(talib.TRIMA, 20), ROUNDING, params={"period": 20}),
    Oracle("kama", "TA-Lib", over_close(talib.KAMA, 10), ROUNDING),
    Oracle("kama", "talipp", by_talipp(KAMA, 20, 4, 40), ROUNDING, params={"period": 20, "fast": 4, "slow": 40}),
    Oracle("hma", "talipp", by_talipp(HMA, 20), ROUNDING, params={"period": 20}),
    Oracle("vwma", "pandas", vwma, "its sums run on in floats", params={"period": 20}),
    Oracle("wilder", "talipp", by_talipp(SMMA, 14), ROUNDING, params={"period": 14}),
    Oracle("zlema", "pandas", zlema, SAME, params={"period": 21}),
    Oracle("zlema", "talipp", by_talipp(ZLEMA, 21), FADED, params={"period": 21}, after=300),
]

OSCILLATORS = [
    Oracle("rsi", "TA-Lib", over_close(talib.RSI, 14), ROUNDING),
    Oracle("stochastic", "TA-Lib", over_range(lambda *x: talib.STOCH(*x, 14, 3, 0, 3, 0)[0]), ROUNDING, "k",
           atol=PERCENT),
    Oracle("stochastic", "TA-Lib", over_range(lambda *x: talib.STOCH(*x, 14, 3, 0, 3, 0)[1]), ROUNDING, "d",
           atol=PERCENT),
    Oracle("williams_r", "TA-Lib", over_range(talib.WILLR, 14), ROUNDING, atol=PERCENT),
    Oracle("momentum", "TA-Lib", over_close(talib.MOM, 10), "the same subtraction", rtol=0.0),
    Oracle("cci", "TA-Lib", over_range(talib.CCI, 20), NEAR_0, atol=1e-10),
    Oracle("tsi", "pandas", tsi, NEAR_0, atol=PERCENT),
    Oracle("tsi", "talipp", by_talipp(TSI, 13, 25), FADED, after=600, atol=PERCENT),
    *(Oracle("macd", "pandas", macd(part), NEAR_0, part, atol=PRICE) for part in ("line", "signal", "histogram")),
    *(Oracle("macd", "TA-Lib", over_close(lambda x, k: talib.MACD(x)[k], k), FADED, part, after=500, atol=PRICE)
      for k, part in enumerate(("line", "signal", "histogram"))),
    *(Oracle("ppo", "pandas", ppo(part), NEAR_0, part, atol=1e-12) for part in ("line", "signal", "histogram")),
    Oracle("ppo", "TA-Lib", over_close(talib.PPO, 12, 26, 1), FADED, "line", after=500, atol=1e-12),
    Oracle("ultimate", "TA-Lib", over_range(talib.ULTOSC, 7, 14, 28), ROUNDING),
    Oracle("trix", "pandas", trix, NEAR_0, atol=1e-13),
    Oracle("trix", "TA-Lib", over_close(talib.TRIX, 15), FADED, after=500, atol=1e-13),
    Oracle("cmo", "pandas", cmo, "its sums run on in floats", atol=PERCENT),
    Oracle("awesome", "TA-Lib", awesome, NEAR_0, atol=PRICE),
    Oracle("roc", "TA-Lib", over_close(talib.ROCP, 10), NEAR_0, params={"period": 10}, atol=1e-15),
    Oracle("zscore", "pandas", zscore, "its sums run on in floats", params={"period": 50}, atol=1e-8),
    Oracle("highest", "TA-Lib", lambda columns: talib.MAX(columns["high"], 20), "a choice", params={"period": 20},
           rtol=0.0),
]  # fmt: skip

ORACLES = AVERAGES + OSCILLATORS

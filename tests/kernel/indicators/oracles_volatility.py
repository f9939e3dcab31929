"""Oracles of the volatility kinds."""

import numpy as np
import pandas as pd
import talib
from talipp.indicators import CHOP, RogersSatchell
from talipp.ohlcv import OHLCV

from tests.kernel.indicators.oracle import Oracle

HLC = ("high", "low", "close")
SAME = "the same definition: rounding alone"


def of(columns, *names):
    return [columns[name] for name in names]


def over_windows(x, period, measure):
    """A numpy measure of every full window, from its inputs anew."""
    seen = np.lib.stride_tricks.sliding_window_view(np.asarray(x), period)
    return np.concatenate((np.full(period - 1, np.nan), measure(seen, axis=1)))


def deviations(ddof):
    return lambda c: over_windows(c["close"], 30, lambda x, axis: x.std(axis=axis, ddof=ddof))


def variances(ddof):
    return lambda c: over_windows(c["close"], 30, lambda x, axis: x.var(axis=axis, ddof=ddof))


def bands(c):
    upper, middle, lower = talib.BBANDS(c["close"], 20, 2.0, 2.0)
    return {
        "upper": upper, "middle": middle, "lower": lower,
        "bandwidth": (upper - lower) / middle, "percent_b": (c["close"] - lower) / (upper - lower),
    }  # fmt: skip


def keltner(c):
    upper, middle, lower = talib.KC(*of(c, *HLC), 20, 10, 2.0)
    return {"upper": upper, "middle": middle, "lower": lower, "position": (c["close"] - lower) / (upper - lower)}


def donchian(c):
    upper, middle, lower = talib.DONCHIAN(*of(c, "high", "low"), 20)
    return {"upper": upper, "middle": middle, "lower": lower, "position": (c["close"] - lower) / (upper - lower)}


def returns(c):
    return np.log(pd.Series(c["close"])).diff()


def root_mean(terms, period):
    return np.sqrt(over_windows(terms, period, np.mean))


def parkinson(c):
    return root_mean(np.log(c["high"] / c["low"]) ** 2 / (4 * np.log(2)), 30)


def garman_klass(c):
    body = np.log(c["close"] / c["open"])
    return root_mean(0.5 * np.log(c["high"] / c["low"]) ** 2 - (2 * np.log(2) - 1) * body**2, 30)


def yang_zhang(c, period=30):
    o, h, low, close = (np.log(pd.Series(c[name])) for name in ("open", *HLC))
    gaps, bodies = (o - close.shift()).rolling(period).var(), (close - o).rolling(period).var()
    reach = ((h - close) * (h - o) + (low - close) * (low - o)).rolling(period).mean()
    k = 0.34 / (1.34 + (period + 1) / (period - 1))
    return np.sqrt(gaps + k * bodies + (1 - k) * reach)


def by_talipp(indicator):
    def values(c):
        candles = zip(*of(c, "open", *HLC), strict=True)
        return [np.nan if x is None else x for x in indicator([OHLCV(*candle) for candle in candles])]

    return values


def ewm(c):
    return returns(c).ewm(span=32, adjust=False, ignore_na=True).var(bias=True)


def log_returns(c):
    return (returns(c).to_numpy(),)


ORACLES = [
    Oracle("true_range", "talib", lambda c: talib.TRANGE(*of(c, *HLC)), SAME),
    Oracle("atr", "talib", lambda c: talib.ATR(*of(c, *HLC), 14), SAME, params={"period": 14}),
    Oracle("atr", "talib", lambda c: talib.NATR(*of(c, *HLC), 14) / 100, SAME, output="percent"),
    Oracle("stddev", "numpy", deviations(0), SAME, output="population", params={"period": 30}),
    Oracle("stddev", "numpy", deviations(1), SAME, output="sample", params={"period": 30}),
    Oracle("variance", "numpy", variances(0), SAME, output="population", params={"period": 30}),
    Oracle("variance", "numpy", variances(1), SAME, output="sample", params={"period": 30}),
    *(
        Oracle("bollinger", "talib", lambda c, o=o: bands(c)[o], "TA-Lib takes the variance from a sum of squares, "
               "which leaves it few digits: shows where percent_b is near 0", output=o, atol=1e-10)
        for o in ("middle", "upper", "lower", "bandwidth", "percent_b")
    ),
    *(
        Oracle("keltner", "talib", lambda c, o=o: keltner(c)[o], "TA-Lib starts the average of prices at a mean; after "
               "400 candles nothing is left of it", output=o, after=400)
        for o in ("middle", "upper", "lower", "position")
    ),
    *(
        Oracle("donchian", "talib", lambda c, o=o: donchian(c)[o], SAME, output=o)
        for o in ("middle", "upper", "lower", "position")
    ),
    Oracle("parkinson", "numpy", parkinson, SAME, params={"period": 30}),
    Oracle("garman_klass", "numpy", garman_klass, SAME, params={"period": 30}),
    Oracle("rogers_satchell", "talipp", by_talipp(lambda x: RogersSatchell(30, x)), SAME, params={"period": 30}),
    Oracle("yang_zhang", "pandas", yang_zhang, SAME, params={"period": 30}),
    Oracle("ewm_variance", "pandas", ewm, SAME, params={"period": 32}, inputs=log_returns),
    Oracle("ewm_variance", "pandas", lambda c: np.sqrt(ewm(c)), SAME, output="deviation", params={"period": 32},
           inputs=log_returns),
    Oracle("realized", "numpy", lambda c: root_mean(returns(c) ** 2, 60), "log of a quotient, not a difference of logs",
           params={"period": 60}),
    Oracle("choppiness", "talipp", by_talipp(lambda x: CHOP(14, x)), SAME),
]  # fmt: skip

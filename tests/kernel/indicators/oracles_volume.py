"""Oracles of the volume kinds."""

import numpy as np
import pandas as pd
import talib
from talipp.indicators import EMV
from talipp.ohlcv import OHLCV

from tests.kernel.indicators.oracle import Oracle

HLCV = ("high", "low", "close", "volume")
SAME = "the same definition: rounding alone"
NEAR_0 = "the same definition; a sum that comes near 0 keeps the rounding of its parts"


def of(columns, *names):
    return [columns[name] for name in names]


def sums(x, period):
    """The sum of every full window, from its inputs anew."""
    seen = np.lib.stride_tricks.sliding_window_view(np.asarray(x), period)
    return np.concatenate((np.full(period - 1, np.nan), seen.sum(axis=1)))


def quotient(x, y):
    return np.divide(x, y, out=np.full(len(x), np.nan), where=y != 0)


def typical(c):
    return talib.TYPPRICE(*of(c, "high", "low", "close"))


def vwap(c):
    return quotient(sums(typical(c) * c["volume"], 60), sums(c["volume"], 60))


def by_day(c):
    held = pd.DataFrame({"pv": c["close"] * c["volume"], "v": c["volume"]}).groupby(c["minute"] // 1440).cumsum()
    return quotient(held["pv"].to_numpy(), held["v"].to_numpy())


def ease(c):
    candles = zip(*of(c, "open", *HLCV), strict=True)
    return [np.nan if x is None else x for x in EMV(14, 1, [OHLCV(*candle) for candle in candles])]


def share(c):
    return quotient(c["volume"], sums(c["volume"], 60))


def amihud(c):
    turnover = c["close"] * c["volume"]
    ratios = quotient(pd.Series(c["close"]).pct_change().abs().to_numpy(), turnover)
    return pd.Series(ratios).rolling(30, min_periods=1).mean()


ORACLES = [
    Oracle("obv", "talib", lambda c: talib.OBV(*of(c, "close", "volume")), SAME),
    Oracle("mfi", "talib", lambda c: talib.MFI(*of(c, *HLCV), 14), NEAR_0, atol=1e-11),
    Oracle("cmf", "talib", lambda c: talib.CMF(*of(c, *HLCV), 20), NEAR_0, atol=1e-12),
    Oracle("ad", "talib", lambda c: talib.AD(*of(c, *HLCV)), SAME),
    Oracle("chaikin", "talib", lambda c: talib.ADOSC(*of(c, *HLCV), 3, 10), "TA-Lib takes the difference of two "
           "averages of a line that has grown far from 0", atol=1e-10),
    Oracle("force_index", "talib", lambda c: talib.EFI(*of(c, "close", "volume"), 13), "TA-Lib starts at a mean; after "
           "400 candles nothing is left of it", after=400, atol=1e-10),
    Oracle("pvt", "talib", lambda c: talib.PVT(*of(c, "close", "volume")), SAME),
    Oracle("vwap", "numpy", vwap, SAME, params={"period": 60}),
    Oracle("vwap", "talib", typical, "the typical price itself, where there is volume", params={"period": 1}),
    Oracle("vwap_session", "pandas", by_day, SAME),
    Oracle("vwap_session", "talib", lambda c: talib.VWAP(*of(c, *HLCV)), "a single day, and typical prices",
           inputs=lambda c: (typical(c), c["volume"], np.zeros(len(c["volume"])))),
    Oracle("ease_of_movement", "talipp", ease, NEAR_0, atol=1e-11),
    Oracle("volume_share", "numpy", share, SAME, params={"period": 60}),
    Oracle("amihud", "pandas", amihud, SAME, params={"period": 30}, after=30),
]  # fmt: skip

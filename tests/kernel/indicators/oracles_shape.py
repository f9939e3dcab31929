"""Oracles of the small kinds: TA-Lib where it has one, pandas and scipy for the rest."""

import numpy as np
import pandas as pd
import talib
from scipy.signal import sawtooth
from talib import _ta_lib

from tests.kernel.indicators.oracle import Oracle

ROUNDING = "the same arithmetic, in another order"
EXACT = "the same arithmetic: every bit"
_BODY_DOJI, _HIGH_LOW = 3, 1  # TA-Lib's numbers for the setting, and for the range that it is measured by


def frame(columns):
    return pd.DataFrame(columns)


def change(columns):
    """Around 0, unlike a price."""
    return [columns["close"] - columns["open"]]


def crossings(columns):
    x, y = frame(columns)["close"], frame(columns)["open"]
    up = (x > y) & (x.shift() <= y.shift())
    down = (x < y) & (x.shift() >= y.shift())
    return (up.astype(float) - down.astype(float)).to_numpy()


def shares(numerator):
    return lambda c: talib.DIV(numerator(c), c["close"])


def close_position(c):
    fast, _ = talib.STOCHF(c["high"], c["low"], c["close"], fastk_period=1, fastd_period=1)
    return np.where(c["high"] > c["low"], fast / 100, 0.5)


def heikin_ashi(c):
    middle = frame(c)[["open", "high", "low", "close"]].mean(axis=1)
    start = pd.Series([(c["open"][0] + c["close"][0]) / 2])
    opened = pd.concat([start, middle[:-1]], ignore_index=True).ewm(alpha=0.5, adjust=False).mean()
    made = pd.DataFrame({"open": opened, "close": middle})
    high = pd.concat([made, frame(c)["high"]], axis=1).max(axis=1)
    low = pd.concat([made, frame(c)["low"]], axis=1).min(axis=1)
    return made.assign(high=high, low=low)


def inside(c):
    high, low = frame(c)["high"], frame(c)["low"]
    return (high.lt(high.shift()) & low.gt(low.shift())).astype(float)


def engulfing(c):
    signs = np.sign(talib.CDLENGULFING(c["open"], c["high"], c["low"], c["close"])).astype(float)
    bodies = (c["close"] - c["open"]) != 0
    return np.where(bodies & np.roll(bodies, 1), signs, np.nan)


def doji(c):
    _ta_lib._ta_set_candle_settings(_BODY_DOJI, _HIGH_LOW, 0, 0.1)
    found = talib.CDLDOJI(c["open"], c["high"], c["low"], c["close"]) / 100
    _ta_lib._ta_restore_candle_default_settings(_BODY_DOJI)
    return found


def times(c):
    return pd.DatetimeIndex(pd.to_datetime(c["minute"], unit="m"))


def minutes_of_week(c):
    stamps = times(c)
    return ((stamps - stamps.to_period("W").start_time) / pd.Timedelta(minutes=1)).to_numpy()


def wave(of, span, late=0.0):
    return lambda c: sawtooth(2 * np.pi * (of(c) / span - late), width=0.5)


def day(c):
    return (times(c).hour * 60 + times(c).minute).to_numpy()


def since(output, period, side):
    def expected(c):
        aroon = talib.AROON(c["high"], c["low"], timeperiod=period - 1)[side]
        return (period - 1) * (1 - aroon / 100)

    return Oracle(output, "talib.AROON", expected, "a percentage, turned back into candles", params={"period": period},
                  atol=1e-9)  # fmt: skip


ORACLES = [
    Oracle("log_return", "talib.LN", lambda c: talib.MOM(talib.LN(c["close"]), timeperiod=1),
           "a difference of logarithms near 10 has an absolute error", atol=1e-14),
    Oracle("log_return", "pandas.diff", lambda c: np.log(frame(c)["close"]).diff(15),
           "a difference of logarithms near 10 has an absolute error", params={"period": 15}, atol=1e-14),
    Oracle("ratio", "talib.DIV", lambda c: talib.DIV(c["close"], c["open"]), EXACT, rtol=0.0),
    Oracle("difference", "talib.SUB", lambda c: talib.SUB(c["close"], c["open"]), EXACT, rtol=0.0),
    Oracle("product", "talib.MULT", lambda c: talib.MULT(c["close"], c["volume"]), EXACT, rtol=0.0),
    Oracle("lag", "pandas.shift", lambda c: frame(c)["close"].shift(7), EXACT, params={"period": 7}, rtol=0.0),
    Oracle("direction", "talib.MOM", lambda c: np.sign(talib.MOM(c["close"], timeperiod=5)), EXACT,
           params={"period": 5}, rtol=0.0),
    Oracle("crossing", "pandas.shift", crossings, EXACT, after=1, rtol=0.0),
    Oracle("above", "pandas.gt", lambda c: frame(c)["close"].gt(frame(c)["open"]), EXACT, rtol=0.0),
    Oracle("clip", "pandas.clip", lambda c: pd.Series(*change(c)).clip(-5.0, 8.0), EXACT,
           params={"low": -5.0, "high": 8.0}, rtol=0.0, inputs=change),
    Oracle("absolute", "pandas.abs", lambda c: pd.Series(*change(c)).abs(), EXACT, rtol=0.0, inputs=change),
    Oracle("typical", "talib.TYPPRICE", lambda c: talib.TYPPRICE(c["high"], c["low"], c["close"]), ROUNDING),
    Oracle("median_price", "talib.MEDPRICE", lambda c: talib.MEDPRICE(c["high"], c["low"]), EXACT, rtol=0.0),
    Oracle("candle", "talib.SUB", shares(lambda c: talib.SUB(c["close"], c["open"])), EXACT, output="body", rtol=0.0),
    Oracle("candle", "talib.SUB", shares(lambda c: talib.SUB(c["high"], c["low"])), EXACT, output="range", rtol=0.0),
    Oracle("candle", "numpy.maximum", shares(lambda c: c["high"] - np.maximum(c["open"], c["close"])), EXACT,
           output="upper_shadow", rtol=0.0),
    Oracle("candle", "numpy.minimum", shares(lambda c: np.minimum(c["open"], c["close"]) - c["low"]), EXACT,
           output="lower_shadow", rtol=0.0),
    Oracle("candle", "talib.STOCHF", close_position, "TA-Lib takes a percentage, and 0 for a candle without a range",
           output="close_position", atol=1e-12),
    Oracle("candle", "talib.BOP", lambda c: np.abs(talib.BOP(c["open"], c["high"], c["low"], c["close"])), ROUNDING,
           output="body_share"),
    Oracle("gap", "pandas.shift", lambda c: frame(c)["open"] / frame(c)["close"].shift() - 1,
           "a difference from 1 has an absolute error", atol=1e-15),
    *(Oracle("heikin_ashi", "pandas.ewm", lambda c, name=name: heikin_ashi(c)[name], ROUNDING, output=name)
      for name in ("open", "high", "low", "close")),
    Oracle("inside_bar", "pandas.shift", inside, EXACT, rtol=0.0, after=1),
    Oracle("engulfing", "talib.CDLENGULFING", engulfing, "TA-Lib lets a body of 0 rise: those rows are left out",
           after=2, rtol=0.0),
    Oracle("doji", "talib.CDLDOJI", doji, "TA-Lib told to take the candle's own range", rtol=0.0),
    Oracle("clock", "pandas", lambda c: times(c).hour + times(c).minute / 60, ROUNDING, output="hour", atol=1e-12),
    Oracle("clock", "pandas", lambda c: times(c).day_of_week, EXACT, output="weekday", rtol=0.0),
    Oracle("clock", "pandas", day, EXACT, output="minute_of_day", rtol=0.0),
    Oracle("clock", "pandas", lambda c: day(c) / 1440, EXACT, output="day_phase", rtol=0.0),
    Oracle("clock", "pandas", lambda c: minutes_of_week(c) / 10_080, EXACT, output="week_phase", rtol=0.0),
    Oracle("clock", "scipy.sawtooth", wave(day, 1440), ROUNDING, output="day_wave", atol=1e-12),
    Oracle("clock", "scipy.sawtooth", wave(day, 1440, 0.25), ROUNDING, output="day_wave_late", atol=1e-12),
    Oracle("clock", "scipy.sawtooth", wave(minutes_of_week, 10_080), ROUNDING, output="week_wave", atol=1e-12),
    Oracle("clock", "scipy.sawtooth", wave(minutes_of_week, 10_080, 0.25), ROUNDING, output="week_wave_late",
           atol=1e-12),
    since("since_high", 25, 1),
    since("since_low", 60, 0),
]  # fmt: skip

"""Trend and statistics: TA-Lib where it has them, else talipp, statsmodels or scipy, else pandas' rolling machinery.

Two-input kinds are run over the returns of the closes and of the highs: real pairs that move together, not as one.
"""

import numpy as np
import pandas as pd
import talib
from scipy.stats import entropy
from statsmodels.regression.rolling import RollingOLS
from talipp.indicators import MassIndex, SuperTrend
from talipp.indicators.SuperTrend import Trend
from talipp.ohlcv import OHLCV

from tests.kernel.indicators.oracle import Oracle

EXACT = "the same float, picked or counted"
ROUNDING = "another order of additions and divisions"
CANCELLED = "its sums of squares and products, in floats, lose digits that ours, in whole numbers, keep"
FADED = "it starts its averages otherwise; the difference has faded by then"
NEAR_0 = "differences of prices: relative to the prices, not to what little is left of them"
PRICE = 1e-9  # quote, where prices are 20,000 or more


def closes(columns):
    return pd.Series(columns["close"])


def returns(columns, name="close"):
    return pd.Series(columns[name]).pct_change().fillna(0.0)


def both(columns):
    return returns(columns, "close").to_numpy(), returns(columns, "high").to_numpy()


def one(columns):
    return (both(columns)[0],)


def over_range(function, *args):
    return lambda columns: function(columns["high"], columns["low"], columns["close"], *args)


def over_high_low(function, *args, pick=None):
    def expected(columns):
        found = function(columns["high"], columns["low"], *args)
        return found if pick is None else found[pick]

    return expected


def side_of_sar(columns):
    """1.0 where the stop lies below the candle; TA-Lib gives the stop alone."""
    sar = talib.SAR(columns["high"], columns["low"], 0.02, 0.2)
    return np.where(sar <= columns["low"], 1.0, np.where(sar >= columns["high"], -1.0, np.nan))


def by_talipp(indicator, *args, value=float):
    def expected(columns):
        prices = zip(*(columns[name].tolist() for name in ("open", "high", "low", "close")), strict=True)
        found = indicator(*args, input_values=[OHLCV(*price) for price in prices])
        return [np.nan if x is None else value(x) for x in found]

    return expected


def true_ranges(columns):
    before = closes(columns).shift()
    top, bottom = np.maximum(columns["high"], before), np.minimum(columns["low"], before)
    return (top - bottom).where(before.notna())


def vortex(sign):
    def expected(columns):
        high, low = pd.Series(columns["high"]), pd.Series(columns["low"])
        reach = (high - low.shift()).abs() if sign > 0 else (low - high.shift()).abs()
        return reach.rolling(14).sum() / true_ranges(columns).rolling(14).sum()

    return expected


def efficiency(columns):
    return closes(columns).diff(10).abs() / closes(columns).diff().abs().rolling(10).sum()


def r2(columns):
    time = pd.Series(np.arange(len(columns["close"]), dtype=float))
    return closes(columns).rolling(50).corr(time) ** 2


def variance_ratio(columns):
    """Lo and MacKinlay's formulas as they are printed, each term a rolling sum of squares."""
    period, lag = 120, 5
    close, total = closes(columns) - columns["close"][0], period + lag - 1
    drift = close.diff(total) / total
    single = (close.diff() ** 2).rolling(total).sum() - total * drift**2
    longer = close.diff(lag).rolling(period)
    squares = longer.var(ddof=0) * period + period * (longer.mean() - lag * drift) ** 2
    return squares / (lag * (total - lag + 1) * (1 - lag / total)) / (single / (total - 1))


def rescaled_range(columns):
    def exponent(window):
        changes = np.diff(window)
        path = np.concatenate(([0.0], np.cumsum(changes - changes.mean())))
        return np.log((path.max() - path.min()) / changes.std()) / np.log(len(changes) / 2)

    return closes(columns).rolling(121).apply(exponent, raw=True)


def word_entropy(columns):
    up = (closes(columns).diff() > 0).astype(int)
    words = (4 * up.shift(2) + 2 * up.shift() + up).where(closes(columns).shift(3).notna())
    counts = pd.DataFrame({word: (words == word).astype(float).where(words.notna()) for word in range(8)})
    return entropy(counts.rolling(60).sum(), base=2, axis=1) / 3


def half_life(columns):
    """statsmodels' regression of changes on levels. Prices are moved near 0, so that its sums keep digits."""
    level = closes(columns).shift() - columns["close"].mean()
    model = RollingOLS(closes(columns).diff(), pd.DataFrame({"constant": 1.0, "level": level}), window=120)
    slope = model.fit(params_only=True).params["level"]
    return (-np.log(2) / slope).where(slope < -1e-5)


def runs(columns):
    direction = np.sign(closes(columns).diff())
    return direction.groupby((direction != direction.shift()).cumsum()).cumcount().add(1) * direction


def rolling_beta(columns):
    x, y = map(pd.Series, both(columns))
    return x.rolling(60).cov(y) / y.rolling(60).var()


def correlation(columns):
    x, y = both(columns)
    return talib.CORREL(1e3 * x, 1e3 * y, 60)  # below 1e-14 it takes a variance for 0


def autocorrelation(columns):
    x = returns(columns)
    return x.rolling(60).corr(x.shift(2))


ORACLES = [
    Oracle("adx", "talib.ADX", over_range(talib.ADX, 14), FADED, "adx", after=500),
    Oracle("adx", "talib.PLUS_DI", over_range(talib.PLUS_DI, 14), FADED, "plus_di", after=450),
    Oracle("adx", "talib.MINUS_DI", over_range(talib.MINUS_DI, 14), FADED, "minus_di", after=450),
    Oracle("aroon", "talib.AROON", over_high_low(talib.AROON, 25, pick=1), EXACT, "up", rtol=1e-15),
    Oracle("aroon", "talib.AROON", over_high_low(talib.AROON, 25, pick=0), EXACT, "down", rtol=1e-15),
    Oracle("aroon", "talib.AROONOSC", over_high_low(talib.AROONOSC, 25), EXACT, "oscillator", rtol=1e-14, atol=1e-13),
    Oracle("psar", "talib.SAR", over_high_low(talib.SAR, 0.02, 0.2), ROUNDING, rtol=1e-12),
    Oracle("psar", "talib.SAR", side_of_sar, EXACT, "direction", rtol=0.0),
    Oracle("supertrend", "talipp.SuperTrend", by_talipp(SuperTrend, 10, 3, value=lambda x: x.value), FADED, after=500),
    Oracle("supertrend", "talipp.SuperTrend",
           by_talipp(SuperTrend, 10, 3, value=lambda x: 1.0 if x.trend is Trend.UP else -1.0), FADED, "direction",
           after=500, rtol=0.0),
    Oracle("linreg", "talib.LINEARREG_SLOPE", lambda c: talib.LINEARREG_SLOPE(c["close"], 14), NEAR_0, "slope",
           atol=PRICE),
    Oracle("linreg", "talib.LINEARREG", lambda c: talib.LINEARREG(c["close"], 14), ROUNDING, "forecast", rtol=1e-12),
    Oracle("linreg", "talib.LINEARREG", lambda c: c["close"] - talib.LINEARREG(c["close"], 14), NEAR_0, "residual",
           atol=10 * PRICE),
    Oracle("linreg", "pandas rolling.corr, squared", r2, CANCELLED, "r2", {"period": 50}, rtol=1e-7, atol=1e-9),
    Oracle("vortex", "pandas rolling.sum", vortex(1), ROUNDING, "plus", rtol=1e-11),
    Oracle("vortex", "pandas rolling.sum", vortex(-1), ROUNDING, "minus", rtol=1e-11),
    Oracle("efficiency", "pandas rolling.sum", efficiency, ROUNDING, rtol=1e-10, atol=1e-14),
    Oracle("mass_index", "talipp.MassIndex", by_talipp(MassIndex, 9, 9, 25), FADED, after=400),
    Oracle("lowest", "talib.MIN", lambda c: talib.MIN(c["low"], 20), EXACT, params={"period": 20}, rtol=0.0),
    Oracle("skew", "pandas rolling.skew", lambda c: returns(c).rolling(60).skew(), CANCELLED, params={"period": 60},
           inputs=one, atol=1e-9),
    Oracle("kurtosis", "pandas rolling.kurt", lambda c: returns(c).rolling(60).kurt(), CANCELLED, params={"period": 60},
           inputs=one, rtol=1e-8, atol=1e-8),
    Oracle("quantile", "pandas rolling.median", lambda c: closes(c).rolling(60).median(), EXACT, params={"period": 60},
           rtol=1e-15),
    Oracle("quantile", "pandas rolling.quantile", lambda c: closes(c).rolling(60).quantile(0.13), ROUNDING,
           params={"period": 60, "q": 0.13}, rtol=1e-15),
    Oracle("rank", "pandas rolling.rank", lambda c: (closes(c).rolling(60).rank() - 1) / 59, EXACT,
           params={"period": 60}, rtol=1e-15),
    Oracle("autocorrelation", "pandas rolling.corr", autocorrelation, CANCELLED, params={"period": 60, "lag": 2},
           inputs=one, atol=1e-9),
    Oracle("variance_ratio", "pandas rolling.var", variance_ratio, CANCELLED, rtol=1e-8),
    Oracle("hurst", "numpy under pandas rolling.apply", rescaled_range, ROUNDING, rtol=1e-10),
    Oracle("entropy", "scipy.stats.entropy", word_entropy, ROUNDING, rtol=1e-13),
    Oracle("correlation", "talib.CORREL", correlation, CANCELLED, inputs=both),
    Oracle("beta", "pandas rolling.cov by var", rolling_beta, CANCELLED, inputs=both),
    Oracle("covariance", "pandas rolling.cov", lambda c: pd.Series(both(c)[0]).rolling(60).cov(pd.Series(both(c)[1])),
           CANCELLED, inputs=both, atol=1e-16),
    Oracle("drawdown", "pandas rolling.max", lambda c: closes(c) / closes(c).rolling(60).max() - 1.0, NEAR_0,
           params={"period": 60}, atol=1e-15),
    Oracle("run_length", "pandas cumcount of groups", runs, EXACT, rtol=0.0),
    Oracle("half_life", "statsmodels RollingOLS", half_life, CANCELLED, rtol=1e-7),
]  # fmt: skip

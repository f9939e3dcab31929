"""Volatility and volume kinds at their edges, and against what they are meant to measure."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.kernel.indicators.series import run, synthetic

few = settings(max_examples=40)
ESTIMATORS = ("parkinson", "garman_klass", "rogers_satchell", "yang_zhang", "realized")
volumes = st.sampled_from([0.0, 0.0, 1e-5, 0.3, 2.5, 40.0, 1e6])
candles = st.lists(st.tuples(st.integers(1_900_000, 2_100_000), st.integers(0, 9000), st.integers(0, 9000), volumes),
                   min_size=8, max_size=30)  # fmt: skip


def columns_of(rows):
    """Columns of candles that close in cents, reach so far above and below, and trade so much."""
    closes = np.array([close / 100 for close, _, _, _ in rows])
    opens = np.concatenate((closes[:1], closes[:-1]))
    highs = np.maximum(opens, closes) + np.array([above / 100 for _, above, _, _ in rows])
    lows = np.minimum(opens, closes) - np.array([below / 100 for _, _, below, _ in rows])
    traded = np.array([volume for _, _, _, volume in rows])
    return {"open": opens, "high": highs, "low": lows, "close": closes, "volume": traded,
            "minute": 28_000_000.0 + np.arange(len(rows))}  # fmt: skip


def still(rows=60, volume=3.0):
    columns = {name: np.full(rows, 19_000.1) for name in ("open", "high", "low", "close")}
    return columns | {"volume": np.full(rows, volume), "minute": 28_000_000.0 + np.arange(rows)}


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_an_estimator_finds_the_volatility_that_a_market_was_made_with(kind):
    draw, steps, deviation = np.random.default_rng(11), 300, 0.01
    walk = np.cumsum(draw.normal(0.0, deviation / math.sqrt(steps), (1200, steps)), axis=1)
    walk = np.concatenate((np.zeros((1200, 1)), walk), axis=1)
    walk += np.concatenate(([0.0], np.cumsum(walk[:-1, -1])))[:, None]
    price = 20_000.0 * np.exp(walk)
    columns = {"open": price[:, 0], "high": price.max(axis=1), "low": price.min(axis=1), "close": price[:, -1]}
    found = run(kind, columns, period=1199)["value"][-1]
    assert found == pytest.approx(deviation, rel=0.08)  # a walk in steps misses a bit of every height


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_an_estimator_does_not_see_the_unit_of_the_price(kind):
    columns = synthetic(300)
    scaled = {name: values * 2.0**-13 for name, values in columns.items()}
    ours, theirs = run(kind, columns, period=20)["value"], run(kind, scaled, period=20)["value"]
    assert np.array_equal(ours, theirs, equal_nan=True)


@pytest.mark.parametrize(
    ("kind", "output", "value"),
    [
        *((kind, "value", 0.0) for kind in ESTIMATORS),
        ("bollinger", "bandwidth", 0.0), ("bollinger", "percent_b", 0.5), ("bollinger", "upper", 19_000.1),
        ("donchian", "position", 0.5), ("keltner", "position", 0.5), ("atr", "percent", 0.0),
        ("stddev", "population", 0.0), ("variance", "sample", 0.0), ("ewm_variance", "deviation", 0.0),
        ("mfi", "value", 50.0), ("cmf", "value", 0.0), ("ease_of_movement", "value", 0.0), ("amihud", "value", 0.0),
        ("force_index", "value", 0.0), ("chaikin", "value", 0.0), ("pvt", "value", 0.0),
        ("choppiness", "value", math.nan),
    ],
)  # fmt: skip
def test_where_the_price_stands_still(kind, output, value):
    last = run(kind, still(), **{"period": 20} if kind not in {"pvt", "chaikin"} else {})[output][-1]
    assert last == pytest.approx(value, rel=1e-15, abs=0.0, nan_ok=True)


@pytest.mark.parametrize("kind", ["vwap", "cmf", "volume_share", "amihud"])
def test_what_is_weighted_by_volume_is_nothing_without(kind):
    columns = {name: values.copy() for name, values in synthetic(200).items()}
    columns["volume"][:] = 1.0
    columns["volume"][100:130] = 0.0
    values = run(kind, columns, period=20)["value"]
    assert np.isnan(values[119:130]).all()
    assert np.isfinite(values[20:119]).all()
    assert np.isfinite(values[130:]).all()


@few
@given(candles)
def test_a_volume_weighted_price_lies_among_the_prices(rows):
    columns = columns_of(rows)
    typical = (columns["high"] + columns["low"] + columns["close"]) / 3
    for k, value in enumerate(run("vwap", columns, period=5)["value"]):
        window = slice(max(0, k - 4), k + 1)
        traded = typical[window][columns["volume"][window] > 0]
        assert math.isnan(value) == (k < 4 or not len(traded))
        if not math.isnan(value):
            assert traded.min() * (1 - 1e-12) <= value <= traded.max() * (1 + 1e-12)


@few
@given(candles)
def test_shares_and_indices_keep_within_their_bounds(rows):
    columns = columns_of(rows)
    bounds = {"mfi": (0.0, 100.0), "volume_share": (0.0, 1.0), "cmf": (-1.0 - 1e-12, 1.0 + 1e-12)}
    for kind, (low, high) in bounds.items():
        values = run(kind, columns, period=5)["value"]
        known = values[~np.isnan(values)]
        assert ((known >= low) & (known <= high)).all(), kind
    chop = run("choppiness", columns, period=5)["value"]
    assert (chop[~np.isnan(chop)] >= -1e-9).all()
    assert abs(run("ad", columns)["value"][-1]) <= columns["volume"].sum() * (1 + 1e-12)


@few
@given(st.lists(st.integers(1, 400), min_size=3, max_size=3), st.integers(1, 400))
def test_a_true_range_bridges_a_gap(units, before):
    """The candles' ends come from anywhere, so the close before is above, in or below the candle."""
    low, close, high = sorted(units)
    columns = {"high": np.array([450.0, high]), "low": np.array([0.5, low]), "close": np.array([before, close], float)}
    expected = max(high, before) - min(low, before)
    assert run("true_range", columns)["value"][1] == expected
    assert run("atr", columns, period=1)["value"][1] == expected


def test_a_volume_counts_on_neither_side_at_an_equal_close():
    closes, traded = np.array([10.0, 11.0, 11.0, 10.5, 10.5, 12.0]), np.array([1.0, 2.0, 4.0, 8.0, 16.0, 32.0])
    assert run("obv", {}, inputs=(closes, traded))["value"].tolist() == [1.0, 3.0, 3.0, -5.0, -5.0, 27.0]


@pytest.mark.parametrize("period", range(1, 40))
def test_the_only_volume_of_a_window_is_all_of_it(period):
    for volume in (0.1, 0.37, 5.43, 1e-5, 77.7):
        traded = np.array([0.0] * (period - 1) + [volume])
        share = run("volume_share", {"volume": traded}, period=period)["value"][-1]
        assert 1.0 - 1e-13 < share <= 1.0


def test_a_share_of_a_volume_is_that_of_the_whole_window():
    assert run("volume_share", {"volume": np.array([1.0, 4.0, 15.0])}, period=3)["value"][-1] == pytest.approx(0.75)


def test_equal_typical_prices_are_equal_whichever_way_their_sums_are_rounded():
    highs, lows, closes = np.array([[29738.24, 29738.22, 29738.24], [29738.24, 29738.23, 29738.23]] * 5).T
    assert len({high + low + close for high, low, close in zip(highs, lows, closes, strict=True)}) == 2
    columns = {"high": highs, "low": lows, "close": closes, "volume": np.full(10, 2.0)}
    assert run("mfi", columns, period=5)["value"][-1] == 50.0


def test_a_session_begins_with_the_first_candle_of_its_day():
    columns = {name: values.copy() for name, values in synthetic(1000).items()}
    columns["volume"] += 1.0
    columns["minute"] = 1440.0 * 19_000 - 500 + np.arange(1000)
    values = run("vwap_session", columns)["value"]
    assert values[500] == pytest.approx(columns["close"][500], rel=1e-15)
    assert values[499] != pytest.approx(columns["close"][499], rel=1e-9)
    alone = run("vwap_session", {name: column[500:] for name, column in columns.items()})["value"]
    assert np.array_equal(values[500:], alone)
    without = {name: np.delete(column, 500) for name, column in columns.items()}
    assert run("vwap_session", without)["value"][500] == pytest.approx(columns["close"][501], rel=1e-15)


def test_a_candle_without_volume_does_not_change_how_illiquid_a_market_is():
    columns = synthetic(60)
    close, volume = columns["close"], columns["volume"] + 0.5
    whole = run("amihud", {}, inputs=(close, volume), period=59)["value"][-1]
    quiet = run("amihud", {}, inputs=(np.insert(close, 30, close[29]), np.insert(volume, 30, 0.0)), period=60)["value"][
        -1
    ]
    assert quiet == pytest.approx(whole, rel=1e-12)


def test_a_chaikin_oscillator_forgets_a_start_that_its_line_never_does():
    columns = synthetic(900)
    late = {name: values[300:] for name, values in columns.items()}
    assert abs(run("ad", columns)["value"][-1] - run("ad", late)["value"][-1]) > 1.0
    ours, theirs = run("chaikin", columns)["value"][700:], run("chaikin", late)["value"][400:]
    np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-12)

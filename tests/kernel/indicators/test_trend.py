"""Trend and statistics kinds against their definitions, where a library's floats or its edges would not do."""

import math
import statistics
from collections import Counter
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.kernel.indicators.series import run, synthetic

cents = st.integers(1_900_000, 2_100_000).map(lambda units: units / 100)
small = st.integers(-1000, 1000).map(lambda units: units / 1e7)
pairs = st.lists(st.tuples(cents, small), min_size=12, max_size=40)
numbers = st.sampled_from([0.0, -0.0, 1.0, 2.5, -3.0, 1e-9, 1e12])
broken = st.sampled_from([math.nan, math.inf, -math.inf])
few = settings(max_examples=40)


def columns_of(rows):
    return [np.array(column, dtype=float) for column in zip(*rows, strict=True)]


def last(kind, *inputs, output="value", **params):
    return run(kind, {}, inputs=inputs, **params)[output][-1]


def products(x, y):
    """The sum of products of the distances from the means, without any rounding."""
    x, y = [Fraction(value) for value in x], [Fraction(value) for value in y]
    mean_x, mean_y = Fraction(sum(x), len(x)), Fraction(sum(y), len(y))
    return sum((a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True))


@few
@given(pairs)
def test_a_covariance_is_that_of_exact_fractions(rows):
    x, y = columns_of(rows)
    exact = products(x[-12:], y[-12:]) / 11
    typical = math.sqrt(products(x[-12:], x[-12:]) * products(y[-12:], y[-12:])) / 11
    assert last("covariance", x, y, period=12) == pytest.approx(float(exact), rel=1e-9, abs=1e-9 * typical + 1e-18)


@few
@given(pairs)
def test_a_beta_and_a_correlation_are_those_of_exact_fractions(rows):
    x, y = columns_of(rows)
    together, squares_x, squares_y = (products(a[-12:], b[-12:]) for a, b in ((x, y), (x, x), (y, y)))
    beta = float(together / squares_y) if squares_y else 0.0
    share = float(together) / math.sqrt(squares_x * squares_y) if squares_x * squares_y else 0.0
    assert last("beta", x, y, period=12) == pytest.approx(beta, rel=1e-9, abs=1e-2)
    assert last("correlation", x, y, period=12) == pytest.approx(share, rel=1e-9, abs=1e-9)


@few
@given(st.lists(st.integers(0, 4), min_size=20, max_size=40))
def test_prices_that_hardly_move_lose_no_digits(moves):
    """In floats, the covariance of such moves on a hundred million is noise: they are the grid's own units."""
    x = np.array([1e8 + move * 2.0**-25 for move in moves])
    y = np.array([3e8 - move * move * 2.0**-23 for move in moves])
    exact = float(products(x[-20:], y[-20:]) / 19)
    assert last("covariance", x, y, period=20) == pytest.approx(exact, rel=1e-12, abs=1e-30)


@few
@given(st.lists(st.one_of(numbers, broken, cents), min_size=1, max_size=60), st.floats(0.0, 1.0))
def test_a_quantile_is_read_off_the_sorted_window(values, q):
    found = run("quantile", {}, inputs=[np.array(values)], period=7, q=q)["value"]
    for row, value in enumerate(found):
        window = sorted(values[max(0, row - 6) : row + 1])
        if row < 6 or not all(map(math.isfinite, window)):
            assert math.isnan(value)
        else:
            assert value == pytest.approx(float(np.quantile(window, q)), rel=1e-12, abs=1e-15)


def test_a_zero_has_no_sign_in_a_quantile():
    """Else the bits would depend on which of two equal zeros had come first."""
    assert math.copysign(1.0, last("quantile", np.array([1.0, -0.0, -0.0]), period=3)) == 1.0


@few
@given(st.lists(st.one_of(st.integers(0, 5).map(float), broken), min_size=1, max_size=60))
def test_an_entropy_counts_words_of_moves(values):
    found = run("entropy", {}, inputs=[np.array(values)], period=8, word=2)["value"]
    for row, value in enumerate(found):
        seen = values[max(0, row - 9) : row + 1]
        if len(seen) < 10 or not all(map(math.isfinite, seen)):
            assert math.isnan(value)
            continue
        moves = [after > before for before, after in zip(seen, seen[1:], strict=False)]
        counts = Counter(zip(moves, moves[1:], strict=False)).values()
        assert value == pytest.approx(-sum(c / 8 * math.log2(c / 8) for c in counts) / 2, abs=1e-14)


def mirrored(columns):
    """The same market upside down."""
    names = {"high": "low", "low": "high", "close": "close"}
    return {name: -columns[other] for name, other in names.items()}


@pytest.mark.parametrize(
    ("kind", "up", "down"), [("adx", "plus_di", "minus_di"), ("aroon", "up", "down"), ("vortex", "plus", "minus")]
)
def test_a_market_upside_down_exchanges_ups_and_downs_to_the_bit(kind, up, down):
    market = synthetic(600)
    ours, theirs = run(kind, market), run(kind, mirrored(market))
    np.testing.assert_array_equal(ours[up], theirs[down])
    np.testing.assert_array_equal(ours[down], theirs[up])


@pytest.mark.parametrize("kind", ["psar", "supertrend"])
def test_a_stop_upside_down_is_the_stop_of_the_market_upside_down(kind):
    """From row 100 on: by then both have turned, however they began."""
    market = synthetic(1500)
    ours, theirs = run(kind, market), run(kind, mirrored(market))
    for name, sign in (("value", -1.0), ("direction", -1.0)):
        np.testing.assert_array_equal(ours[name][100:], sign * theirs[name][100:])
    assert set(ours["direction"][100:]) == {1.0, -1.0}


def test_a_stop_is_never_inside_the_candles():
    market = synthetic(1500)
    stop = run("psar", market)
    value, rising = stop["value"][1:], stop["direction"][1:] > 0
    assert (value[rising] <= market["low"][1:][rising]).all()
    assert (value[~rising] >= market["high"][1:][~rising]).all()


STILL = {
    ("adx", "adx"): 0.0, ("adx", "plus_di"): 0.0, ("aroon", "up"): 100.0, ("aroon", "oscillator"): 0.0,
    ("supertrend", "direction"): -1.0, ("linreg", "r2"): 0.0, ("linreg", "forecast"): 19_000.1, ("vortex", "plus"): 1.0,
    ("efficiency", "value"): 0.0, ("mass_index", "value"): 25.0, ("rank", "value"): 0.5, ("hurst", "value"): 0.5,
    ("skew", "value"): 0.0, ("kurtosis", "value"): 0.0, ("autocorrelation", "value"): 0.0, ("entropy", "value"): 0.0,
    ("variance_ratio", "value"): 1.0, ("beta", "value"): 0.0, ("run_length", "value"): 0.0, ("drawdown", "value"): 0.0,
}  # fmt: skip


@pytest.mark.parametrize(("kind", "output"), STILL)
def test_prices_that_stand_still_give_what_the_kinds_file_says(kind, output):
    still = {name: np.full(150, 19_000.1) for name in ("open", "high", "low", "close")}
    periods = {"period": 20} if kind in {"rank", "skew", "kurtosis", "drawdown"} else {}
    assert run(kind, still, **periods)[output][-1] == STILL[kind, output]


def test_a_candle_that_touches_the_stop_turns_it():
    still = {name: np.full(10, 19_000.1) for name in ("high", "low")}
    assert run("psar", still)["direction"][1:].tolist() == [-1.0, 1.0] * 4 + [-1.0]


@few
@given(st.floats(-3.0, 3.0), st.floats(-10.0, 10.0))
def test_a_straight_line_is_never_more_than_straight(step, start):
    x = np.array([start + step * k for k in range(40)])
    assert abs(run("correlation", {}, inputs=[x, 3.0 * x], period=10)["value"][9:]).max() <= 1.0
    assert run("linreg", {}, inputs=[x], period=10)["r2"][9:].max() <= 1.0
    assert run("efficiency", {}, inputs=[x], period=10)["value"][10:].max() <= 1.0


def pulled(pull, rows=20_000):
    """A price that gives back the share `pull` of its distance from 100 on each candle."""
    draw, x, prices = np.random.default_rng(5), 0.0, []
    for shock in draw.normal(size=rows):
        x += shock - pull * x
        prices.append(100.0 + x)
    return np.array(prices)


def test_a_half_life_finds_the_pull_that_made_the_prices():
    assert last("half_life", pulled(0.1), period=19_000) == pytest.approx(math.log(2) / 0.1, rel=0.1)
    assert math.isnan(last("half_life", np.exp(np.arange(50.0) / 10), period=20)), "it runs away"


def test_random_walks_and_prices_that_are_pulled_back_are_told_apart():
    walk, back = pulled(0.0), pulled(0.5)
    assert last("variance_ratio", walk, period=19_000, lag=10) == pytest.approx(1.0, abs=0.1)
    assert last("variance_ratio", back, period=19_000, lag=10) < 0.4
    walks, backs = (run("hurst", {}, inputs=[x[:3000]], period=200)["value"][200:] for x in (walk, back))
    assert statistics.mean(walks) == pytest.approx(0.6, abs=0.05)
    assert statistics.mean(backs) < 0.5

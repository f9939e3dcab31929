"""Kinds against their definitions in words, where no library has them, or where exact numbers can be had."""

import math
import statistics
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.kernel.indicators.series import run

PERIOD = 5
cents = st.integers(1, 10**8).map(lambda units: units / 100)
near = st.lists(st.integers(990_00, 1010_00).map(lambda units: units / 100), min_size=PERIOD, max_size=40)


def of(kind, walk, *more, output="value", **params):
    return run(kind, {}, inputs=[np.array(walk), *(np.array(m) for m in more)], **params)[output]


@given(st.lists(st.floats(1.0, 1000.0), min_size=2, max_size=60), st.sampled_from([0.001, 0.02, 0.5]))
def test_a_cusum_opens_where_its_definition_does(walk, threshold):
    """The definition, in words: since the last opening, the largest sum of returns that end here, either way."""
    opened, since = of("cusum", walk, [1.0] * len(walk), output="open", threshold=threshold), []
    for row, (before, x) in enumerate(zip(walk, walk[1:], strict=False), start=1):
        since.append(math.log(x / before))
        runs = [math.fsum(since[start:]) for start in range(len(since))]
        drift = max(*runs, -min(runs))
        assume(abs(drift - threshold) > 1e-9)  # on the edge, sums made in another order may disagree
        assert opened[row] == (drift > threshold)
        if opened[row]:
            since = []


@given(st.lists(st.floats(1.0, 1000.0), min_size=2, max_size=40), st.floats(0.1, 10.0))
def test_a_scaled_cusum_is_one_with_a_scaled_threshold(walk, scale):
    scaled = of("cusum", walk, [scale] * len(walk), output="open", threshold=0.02)
    plain = of("cusum", walk, [1.0] * len(walk), output="open", threshold=0.02 * scale)
    np.testing.assert_array_equal(scaled, plain)


@given(near, st.integers(1, 30))
def test_an_ema_is_its_recursion(walk, period):
    values = of("ema", walk, period=period)
    alpha, exact = Fraction(2, period + 1), Fraction(walk[0])
    for row, x in enumerate(walk):
        exact += alpha * (Fraction(x) - exact)
        assert values[row] == pytest.approx(float(exact), rel=1e-13) or row < period - 1


@given(st.lists(cents, min_size=PERIOD, max_size=40))
def test_a_zscore_is_what_statistics_says(walk):
    exact = [Fraction(str(x)) for x in walk[-PERIOD:]]
    spread = statistics.pstdev(exact)
    expected = float(exact[-1] - statistics.mean(exact)) / float(spread) if spread else 0.0
    assert of("zscore", walk, period=PERIOD)[-1] == pytest.approx(expected, rel=1e-6, abs=1e-9)


def test_a_zscore_of_prices_that_float_sums_would_drown_in():
    """With sums in floats the variance of a cent on a hundred million is noise."""
    walk = [10**8 + cent / 100 for cent in (0, 1, 0, 1, 1)]
    assert of("zscore", walk, period=5)[-1] == pytest.approx(0.4 / math.sqrt(0.24), rel=1e-5)


@pytest.mark.parametrize(("kind", "output", "flat"), [("stochastic", "k", 50.0), ("williams_r", "value", -50.0)])
def test_a_window_without_a_range_is_in_the_middle(kind, output, flat):
    assert of(kind, [7.0] * 40, [7.0] * 40, [7.0] * 40, output=output, period=5, smooth=3, signal=3)[-1] == flat

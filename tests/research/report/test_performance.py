"""Statistics against the standard library, against definitions in words, and against chance itself."""

import math
import random
import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.timeframe import DAY_NS
from research.report import performance

returns = st.lists(st.floats(-0.2, 0.2, allow_nan=False), min_size=3, max_size=80)


@given(returns)
def test_sharpe_and_volatility_are_mean_and_deviation(daily):
    spread = statistics.stdev(daily)
    found = performance.sharpe(daily)
    assert performance.volatility(daily) == pytest.approx(spread * math.sqrt(365), abs=1e-12)
    if spread > 1e-9:
        assert found.ratio == pytest.approx(statistics.mean(daily) / spread * math.sqrt(365), rel=1e-9, abs=1e-9)
        assert found.low <= found.ratio <= found.high


def test_no_sharpe_where_nothing_varies():
    assert performance.sharpe([]) is performance.sharpe([0.1]) is performance.sharpe([0.01] * 50) is None


def test_the_confidence_interval_holds_what_it_says():
    """Of samples with a known ratio, skewed and with fat tails, 95 % of the intervals contain it."""
    chance = np.random.default_rng(11)
    true = 0.1 / math.sqrt(2.0) * math.sqrt(365)  # of 0.1 + (a standard exponential - 1), and a normal one beside it
    draws = chance.exponential(size=(3_000, 300)) - 1 + chance.normal(size=(3_000, 300)) + 0.1
    intervals = [performance.sharpe(sample) for sample in draws]
    inside = sum(found.low <= true <= found.high for found in intervals) / len(intervals)
    assert 0.935 < inside < 0.965


def test_the_interval_of_normal_returns_is_that_of_lo():
    """For normal returns the error is sqrt((1 + SR**2 / 2) / n)."""
    chance = random.Random(3)
    daily = [chance.gauss(0.002, 0.02) for _ in range(5_000)]
    found = performance.sharpe(daily)
    ratio = found.ratio / math.sqrt(365)
    error = (found.high - found.low) / 2 / 1.96 / math.sqrt(365)
    assert error == pytest.approx(math.sqrt((1 + ratio**2 / 2) / 5_000), rel=0.02)


@given(returns)
def test_the_interval_is_that_of_mertens(daily):
    """By sums of powers, in plain Python."""
    n, mean = len(daily), statistics.mean(daily)
    if statistics.pstdev(daily) < 1e-6:
        return
    second, third, fourth = (sum((r - mean) ** power for r in daily) / n for power in (2, 3, 4))
    ratio, skew, kurtosis = mean / statistics.stdev(daily), third / second**1.5, fourth / second**2
    error = math.sqrt(max(0.0, 1 - skew * ratio + (kurtosis - 1) / 4 * ratio**2) / (n - 1))
    found = performance.sharpe(daily)
    assert (found.high - found.low) / 2 == pytest.approx(1.959964 * error * math.sqrt(365), rel=1e-5, abs=1e-5)


@given(returns)
def test_sortino_punishes_losses_alone(daily):
    losses = [min(r, 0.0) ** 2 for r in daily]
    if sum(losses) > 1e-12:
        expected = statistics.mean(daily) / math.sqrt(statistics.mean(losses)) * math.sqrt(365)
        assert performance.sortino(daily) == pytest.approx(expected, rel=1e-9, abs=1e-9)
    elif not any(losses):
        assert performance.sortino(daily) is None


@given(st.lists(st.floats(1, 1e9), min_size=1, max_size=60))
def test_drawdown_is_the_worst_fall_from_any_earlier_point(equity):
    worst = max((a - b) / a for n, a in enumerate(equity) for b in equity[n:])
    assert performance.max_drawdown(np.asarray(equity)) == pytest.approx(worst, abs=1e-12)


def test_drawdown_where_equity_is_gone():
    assert performance.max_drawdown(np.asarray([100.0, 0.0, -50.0])) == 1.5
    assert performance.max_drawdown(np.asarray([0.0, -1.0])) == 0.0


def test_cagr():
    assert performance.cagr(100, 121, 730 * DAY_NS) == pytest.approx(0.1)
    assert performance.cagr(100, 121, 29 * DAY_NS) is None
    assert performance.cagr(100, -1, 730 * DAY_NS) is performance.cagr(0, 1, 730 * DAY_NS) is None


@given(returns, st.integers(2, 10))
def test_rolling_sharpe_is_sharpe_of_each_window(daily, window):
    found = performance.rolling_sharpe(daily, window)
    assert len(found) == len(daily)
    for end, ratio in enumerate(found, 1):
        part = daily[end - window : end] if end >= window else []
        if ratio is None:
            assert not part or statistics.stdev(part) < 1e-9
        else:
            assert ratio == pytest.approx(performance.sharpe(part).ratio, rel=1e-6, abs=1e-6)


def test_smoothness_knows_a_line_from_a_walk():
    chance = random.Random(5)
    walk = [100.0]
    for _ in range(300):
        walk.append(walk[-1] * math.exp(chance.gauss(0, 0.02)))
    assert performance.smoothness([100 * 1.001**day for day in range(300)]) == pytest.approx(1)
    assert performance.smoothness(walk) < 0.9
    assert performance.smoothness([100.0] * 300) is performance.smoothness([1.0, 2.0]) is None
    assert performance.smoothness([1.0] * 20 + [-1.0]) is None


@given(st.lists(st.sampled_from((-2.0, -1.0, 0.0, 1.0, 3.0)), max_size=30))
def test_profit_factor_and_streaks(profits):
    won, lost = sum(p for p in profits if p > 0), -sum(p for p in profits if p < 0)
    assert performance.profit_factor(profits) == (pytest.approx(won / lost) if lost else None)
    for winning, hit in ((True, lambda p: p > 0), (False, lambda p: p < 0)):
        text = "".join("x" if hit(p) else " " for p in profits)
        assert performance.streak(profits, winning=winning) == max(map(len, text.split()), default=0)

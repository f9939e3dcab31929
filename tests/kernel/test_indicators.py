"""What every indicator kind must do, and the values of each against an oracle that somebody else wrote."""

import math
import statistics
from fractions import Fraction

import msgspec
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from kernel.indicators.cusum import Cusum
from kernel.indicators.ema import Ema
from kernel.indicators.registry import INDICATORS
from kernel.indicators.zscore import ZScore
from kernel.messages import CandleClosed
from kernel.money import from_units, plain_text
from kernel.strategy import Feature
from tests.kernel.given import CROSS, OBEY, candles, instrument, opened, strategy, turned

PERIOD = 5
KINDS = {name: lambda kind=kind: kind(period=PERIOD) for name, kind in INDICATORS.items()}
KINDS["cusum"] = lambda: Cusum(threshold=0.01)
every_kind = pytest.mark.parametrize("make", KINDS.values(), ids=KINDS)

cents = st.integers(1, 10**8).map(lambda units: units / 100)
walks = st.lists(cents, min_size=1, max_size=40)
near = st.lists(st.integers(990_00, 1010_00).map(lambda units: units / 100), min_size=PERIOD, max_size=40)


def fed(indicator, inputs):
    for x in inputs:
        indicator.update(x)
    return indicator


def bits(value):
    return value.hex()


# The contract.


def test_a_strategy_can_name_every_kind_that_is_registered():
    (kinds,) = (f.type for f in msgspec.structs.fields(Feature) if f.name == "kind")
    assert set(kinds.__args__) == set(INDICATORS)


@every_kind
@given(walks)
def test_from_its_warm_up_on_a_value_is_a_number(make, walk):
    indicator = make()
    for seen, x in enumerate(walk, start=1):
        indicator.update(x)
        assert math.isfinite(indicator.emit()) or seen < indicator.warmup


@every_kind
@given(walks, walks)
def test_a_copy_through_bytes_goes_on_with_the_same_bits(make, before, after):
    indicator = fed(make(), before)
    copy = msgspec.msgpack.decode(msgspec.msgpack.encode(indicator), type=type(indicator))
    for x in after:
        indicator.update(x)
        copy.update(x)
        assert bits(copy.emit()) == bits(indicator.emit())
    assert msgspec.msgpack.encode(copy) == msgspec.msgpack.encode(indicator)


@every_kind
def test_a_state_does_not_grow_with_history(make):
    inputs = [500 + n * 7919 % 101 / 100 for n in range(2000)]
    indicator = fed(make(), inputs[:100])
    early = len(msgspec.msgpack.encode(indicator))
    assert len(msgspec.msgpack.encode(fed(indicator, inputs[100:]))) <= early + 8


@every_kind
def test_two_of_a_kind_share_nothing(make):
    alone, beside = make(), make()
    for x in range(1, 20):
        alone.update(float(x))
        beside.update(float(x))
        fed(make(), [7.0, 8.0])
        assert bits(alone.emit()) == bits(beside.emit())


@every_kind
@given(cents, st.integers(2, 100))
def test_a_constant_input_is_no_movement(make, x, times):
    indicator = fed(make(), [x] * max(times, PERIOD))
    assert indicator.emit() == (x if isinstance(indicator, Ema) else 0.0)


@every_kind
@given(walks)
def test_reading_changes_nothing(make, walk):
    read, unread = make(), make()
    for x in walk:
        read.update(x)
        read.emit()
        unread.update(x)
    assert bits(read.emit()) == bits(unread.emit())


# Values.


@given(near, st.integers(1, 30))
def test_an_ema_is_its_recursion(walk, period):
    alpha, exact = Fraction(2, period + 1), Fraction(walk[0])
    ema = fed(Ema(period=period), walk[:1])
    for x in walk[1:]:
        exact += alpha * (Fraction(x) - exact)
        ema.update(x)
        assert ema.emit() == pytest.approx(float(exact), rel=1e-13)


@given(st.lists(cents, min_size=PERIOD, max_size=40))
def test_a_zscore_is_what_statistics_says(walk):
    window = walk[-PERIOD:]
    exact = [Fraction(str(x)) for x in window]
    spread = statistics.pstdev(exact)
    score = fed(ZScore(period=PERIOD), walk).emit()
    expected = float(exact[-1] - statistics.mean(exact)) / float(spread) if spread else 0.0
    assert score == pytest.approx(expected, rel=1e-9, abs=1e-15)


def test_a_zscore_of_prices_that_float_sums_would_drown_in():
    """With sums in floats the variance of a cent on a hundred million is noise."""
    walk = [10**8 + cent / 100 for cent in (0, 1, 0, 1, 1)]
    assert fed(ZScore(period=5), walk).emit() == pytest.approx(0.4 / math.sqrt(0.24), rel=1e-9)


@given(st.lists(st.one_of(cents, st.floats(1e-6, 1e15)), max_size=30), st.lists(cents, min_size=PERIOD, max_size=20))
def test_windows_forget(history, recent):
    """Two that began at different rows have equal bits as soon as both windows are full."""
    began_early, began_late = fed(ZScore(period=PERIOD), history), ZScore(period=PERIOD)
    for seen, x in enumerate(recent, start=1):
        began_early.update(x)
        began_late.update(x)
        assert bits(began_early.emit()) == bits(began_late.emit()) or seen < PERIOD


@given(st.lists(st.floats(1.0, 1000.0), min_size=2, max_size=60), st.sampled_from([0.001, 0.02, 0.5]))
def test_a_cusum_opens_where_its_definition_does(walk, threshold):
    """The definition, in words: since the last opening, the largest sum of returns that end here, either way."""
    cusum, since = fed(Cusum(threshold=threshold), walk[:1]), []
    for before, x in zip(walk, walk[1:], strict=False):
        cusum.update(x)
        since.append(math.log(x / before))
        runs = [math.fsum(since[start:]) for start in range(len(since))]
        drift = max(*runs, -min(runs))
        assume(abs(drift - threshold) > 1e-9)  # on the edge, sums made in another order may disagree
        assert cusum.opened == (drift > threshold)
        if cusum.opened:
            since = []


# From integers to floats. Beyond 2**53 an integer is no float: to make it one and then divide rounds twice.

units = st.one_of(st.integers(1, 10**9), st.integers(2**53, 2**80))


@given(units, st.integers(0, 12))
@example(2**53 + 3, 1)
@example(12_345_678_901_234_567_891, 6)
def test_the_float_of_a_scaled_integer_is_that_of_its_text(units, decimals):
    assert bits(units / 10**decimals) == bits(float(plain_text(from_units(units, decimals))))


@given(units, st.integers(0, 12))
@example(2**53 + 3, 1)
@example(12_345_678_901_234_567_891, 6)
def test_and_that_is_what_an_indicator_is_given(units, decimals):
    market = msgspec.structs.replace(instrument("BTC/USDT"), price_decimals=decimals)
    kernel = opened(CROSS, market)
    (candle,) = candles([units])
    assert isinstance(candle, CandleClosed)
    turned(kernel, [candle])
    fast, slow = kernel.state.markets["BTC/USDT"].indicators
    assert fast.value == slow.value == float(plain_text(from_units(units, decimals)))


def test_every_column_is_in_its_own_unit():
    market = msgspec.structs.replace(instrument("BTC/USDT"), price_decimals=1, volume_decimals=4)
    columns = ("open", "high", "low", "close", "volume")
    kernel = opened(strategy(OBEY, [Feature(column, "ema", 1, column) for column in columns]), market)
    kernel.turn(CandleClosed(60, market.symbol, 0, 5001, 5004, 5000, 5003, 12345))
    seen = kernel.state.markets[market.symbol].indicators
    assert [indicator.value for indicator in seen] == [500.1, 500.4, 500.0, 500.3, 1.2345]

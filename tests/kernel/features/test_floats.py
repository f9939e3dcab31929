"""From integers to floats, once. Beyond 2**53 an integer is no float: to make it one and then divide rounds twice."""

import msgspec
import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from kernel.features.columns import floats_of
from kernel.features.declaration import feature
from kernel.messages import CandleClosed
from kernel.money import from_units, plain_text
from tests.kernel.given import CROSS, OBEY, Obedient, candles, engine, instrument, opened, strategy, turned

units = st.one_of(st.integers(1, 10**9), st.integers(2**53, 2**80))
decimals = st.integers(0, 12)


def of_its_text(value, places):
    return float(plain_text(from_units(value, places)))


@given(units, decimals)
@example(2**53 + 3, 1)
@example(12_345_678_901_234_567_891, 6)
def test_an_engine_is_given_the_float_of_the_text(value, places):
    kernel = opened(CROSS, msgspec.structs.replace(instrument("BTC/USDT"), price_decimals=places))
    turned(kernel, candles([value]))
    fed = engine(kernel)
    assert fed.f[fed.plan.nodes[0].i] == of_its_text(value, places)


@given(st.lists(units, min_size=1, max_size=5), decimals)
@example([2**53 + 3], 1)
def test_and_so_are_columns(values, places):
    column = np.array(values, dtype=object if max(values) >= 2**63 else np.int64)
    assert floats_of(column, 10**places).tolist() == [of_its_text(value, places) for value in values]


def test_every_column_is_in_its_own_unit():
    market = msgspec.structs.replace(instrument("BTC/USDT"), price_decimals=1, volume_decimals=4)
    columns = ("open", "high", "low", "close", "volume", "minute")
    declared = [feature(f"the_{column}", "ema", column, period=1) for column in columns]
    rule = strategy(OBEY, declared)
    Obedient.inputs = tuple(f.name for f in declared)
    try:
        kernel = opened(rule, market)
        kernel.turn(CandleClosed(60, market.symbol, 180 * 10**9, 5001, 5004, 5000, 5003, 12345))
        assert engine(kernel).emit() == [500.1, 500.4, 500.0, 500.3, 1.2345, 3.0]
    finally:
        Obedient.inputs = ()

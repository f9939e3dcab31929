"""Finer candles are found by the candle that they make up: forward, back again, over holes and the seams of blocks."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.instrument import Instrument
from tests.kernel.given import MINUTE
from tests.venues.test_historical import ROW_GROUP, stored
from venues.detail import CandleDetail

HOLES = {7, 8, 9, 30, 31, 32, 33, 34, 61}


@pytest.fixture(scope="module")
def minutes(tmp_path_factory):
    """Minutes 5 to 199, but for some, one whole block of five among them."""
    home = tmp_path_factory.mktemp("fine")
    return stored(home, "BTC/USDT", "1m", [n for n in range(5, 200) if n not in HOLES])


def naive(dataset, first_ns, before_ns):
    """Looked for in all rows, one by one."""
    rows = [row for block in dataset.blocks() for row in zip(*(column.tolist() for column in block), strict=True)]
    return [row for row in rows if first_ns <= row[0] < before_ns]


# Candles of one to twelve minutes, in any order: a venue asks forward, and a restored one begins anew.
asked = st.lists(st.tuples(st.integers(0, 210), st.integers(1, 12)), max_size=25)


@given(asked)
def test_it_gives_what_a_search_in_all_rows_gives(minutes, asked):
    detail = CandleDetail({"BTC/USDT": minutes})
    for opened, length in asked:
        first, before = opened * MINUTE, (opened + length) * MINUTE
        assert list(detail.inside("BTC/USDT", first, before)) == naive(minutes, first, before)


@given(asked)
def test_it_remembers_nothing_that_changes_an_answer(minutes, asked):
    """Asked again after others, or asked first: the same."""
    detail = CandleDetail({"BTC/USDT": minutes})
    for opened, length in asked:
        bounds = opened * MINUTE, (opened + length) * MINUTE
        assert detail.inside("BTC/USDT", *bounds) == CandleDetail({"BTC/USDT": minutes}).inside("BTC/USDT", *bounds)


def test_where_there_is_no_detail_there_is_none(minutes):
    detail = CandleDetail({"BTC/USDT": minutes})
    assert list(detail.inside("ETH/USDT", 10 * MINUTE, 15 * MINUTE)) == []
    assert list(detail.inside("BTC/USDT", 30 * MINUTE, 35 * MINUTE)) == [], "a hole"
    assert list(detail.inside("BTC/USDT", 0, 5 * MINUTE)) == [], "before it begins"
    assert list(detail.inside("BTC/USDT", 200 * MINUTE, 205 * MINUTE)) == [], "behind its end"
    assert [row[0] // MINUTE for row in detail.inside("BTC/USDT", 5 * MINUTE, 10 * MINUTE)] == [5, 6]


def test_two_markets_are_read_each_by_itself(minutes, tmp_path):
    other = stored(tmp_path, "ETH/USDT", "1m", range(0, 50, 2))
    detail = CandleDetail({"BTC/USDT": minutes, "ETH/USDT": other})
    for opened in range(0, 60, 5):
        bounds = opened * MINUTE, (opened + 5) * MINUTE
        assert list(detail.inside("BTC/USDT", *bounds)) == naive(minutes, *bounds)
        assert list(detail.inside("ETH/USDT", *bounds)) == naive(other, *bounds)


def test_a_candle_over_the_seam_of_two_blocks_is_whole(tmp_path):
    long = stored(tmp_path, "BTC/USDT", "1m", range(ROW_GROUP + 20))
    detail = CandleDetail({"BTC/USDT": long})
    opened = ROW_GROUP - ROW_GROUP % 5
    for begin in (opened - 5, opened, opened + 5, opened + 15, opened + 20, 0):
        rows = detail.inside("BTC/USDT", begin * MINUTE, (begin + 5) * MINUTE)
        held = range(begin, min(begin + 5, ROW_GROUP + 20))
        assert [row[0] // MINUTE for row in rows] == list(held)


def test_details_count_in_the_units_of_the_run(minutes):
    """Coarser prices are scaled up; finer volumes are rounded down."""
    own, rates = minutes.manifest, (Decimal("0.01"), Decimal("0.01"), Decimal(0), Decimal(0))
    units = Instrument("BTC/USDT", "BTC", "USDT", own.price_decimals + 2, own.volume_decimals - 1, *rates)
    plain = CandleDetail({"BTC/USDT": minutes}).inside("BTC/USDT", 0, 2**62)
    scaled = CandleDetail({"BTC/USDT": minutes}, {"BTC/USDT": units}).inside("BTC/USDT", 0, 2**62)
    assert scaled == [(opened, *(100 * p for p in prices), volume // 10) for opened, *prices, volume in plain]

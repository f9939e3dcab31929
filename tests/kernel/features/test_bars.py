"""Bars: against pandas' resample, one by one and a block at a time, closed ones only."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.features.bar_columns import bars_of
from kernel.features.bars import BarMaker
from kernel.timeframe import timeframe_ns
from tests.kernel.features.drawn import BTC, MINUTE, block_of, candle, cut, gappy

lengths = st.sampled_from([timeframe_ns(name) for name in ("3m", "5m", "15m", "1h")])
wide = 2**63


def made_of(maker, candles):
    """Every bar with the moment at which it closes: 2 * row before a candle, 2 * row + 1 with it."""
    found = []
    for row, one in enumerate(candles):
        late = maker.late(one.open_time)
        taken = maker.take(one)
        found += [(moment, bar) for moment, bar in ((2 * row, late), (2 * row + 1, taken)) if bar is not None]
    return found


def resampled(candles, length):
    """pandas' bars, less the first where its beginning is missing, less the last where its end has not come."""
    index = pd.to_datetime([c.open_time for c in candles], unit="ns")
    frame = pd.DataFrame([(c.open, c.high, c.low, c.close, c.volume) for c in candles], index=index, dtype=object)
    bins = frame.resample(pd.Timedelta(length), origin="epoch", closed="left", label="left")
    bars = {}
    for start, rows in bins:
        if len(rows):
            bars[start.value] = (rows[0].iloc[0], max(rows[1]), min(rows[2]), rows[3].iloc[-1], sum(rows[4]))
    starts = list(bars)
    if candles[0].open_time != starts[0]:
        del bars[starts[0]]
    if candles[-1].ts < starts[-1] + length:
        bars.pop(starts[-1], None)
    return [(*bar, start) for start, bar in bars.items()]


@given(gappy(), lengths)
def test_bars_are_those_of_pandas(candles, length):
    assert [bar for _, bar in made_of(BarMaker(length), candles)] == resampled(candles, length)


@given(gappy(), lengths)
def test_a_bar_closes_once_it_has_ended_and_never_waits_for_a_second_candle(candles, length):
    for moment, bar in made_of(BarMaker(length), candles):
        end, row = bar[-1] + length, moment // 2
        if moment % 2:
            assert candles[row].ts == end
        else:
            assert candles[row].open_time >= end
            assert candles[row - 1].ts < end


@given(gappy(), lengths, st.integers(0, 70))
def test_a_bar_knows_nothing_of_later_candles(candles, length, row):
    early = made_of(BarMaker(length), candles[:row])
    assert early == [(moment, bar) for moment, bar in made_of(BarMaker(length), candles) if moment < 2 * row]


def blocks_agree(blocks, length):
    one_by_one, at_once = BarMaker(length), BarMaker(length)
    for block in blocks:
        expected = made_of(one_by_one, block)
        bars, moments = bars_of(at_once, block_of(block), MINUTE)
        assert moments.tolist() == [moment for moment, _ in expected]
        opened, *columns = (column.tolist() for column in bars)
        assert list(zip(*columns, opened, strict=True)) == [bar for _, bar in expected]
        assert standing(at_once) == standing(one_by_one)


def standing(maker):
    """What a maker holds; of a bar that is not in the making, its end alone says something."""
    return maker if maker.making else (maker.length_ns, maker.ends)


@given(gappy().flatmap(cut), lengths)
def test_a_block_at_a_time_makes_the_same_bars_and_leaves_the_same_maker(blocks, length):
    blocks_agree(blocks, length)


@given(gappy(least=10).flatmap(cut), lengths, st.lists(st.booleans(), min_size=8, max_size=8))
def test_prices_wider_than_63_bits_pass_too(blocks, length, dear):
    """Some blocks hold prices that fit int64, others do not, and a bar may reach over both."""
    scaled = [
        [candle(BTC, c.open_time // MINUTE, [p + wide * big for p in (c.open, c.high, c.low, c.close)], c.volume)
         for c in block] for block, big in zip(blocks, dear, strict=False)
    ]  # fmt: skip
    blocks_agree(scaled, length)


@pytest.mark.parametrize("volume", [2**53 + 1, 2**62, 2**63 - 1, 2**63, 10**25 + 1])
def test_the_volume_of_a_bar_is_the_exact_sum(volume):
    candles = [candle(BTC, minute, (1, 1, 1, 1), volume + minute) for minute in range(10)]
    exact = [5 * volume + 10, 5 * volume + 35]
    assert [bar[4] for _, bar in made_of(BarMaker(5 * MINUTE), candles)] == exact
    maker = BarMaker(5 * MINUTE)
    parts = [bars_of(maker, block_of(candles[a:b]), MINUTE)[0].volume.tolist() for a, b in ((0, 3), (3, 4), (4, 10))]
    assert sum(parts, []) == exact


def test_a_maker_is_the_same_however_the_first_bar_began():
    """Data that begins with a bar has it; data that begins one candle later has not, and the bars after it agree."""
    candles = [candle(BTC, minute, (minute + 1,) * 4, 1) for minute in range(30)]
    whole = made_of(BarMaker(5 * MINUTE), candles)
    rest = made_of(BarMaker(5 * MINUTE), candles[1:])
    assert [bar for _, bar in rest] == [bar for _, bar in whole[1:]]
    assert np.diff([moment for moment, _ in whole]).tolist() == [10] * 5

"""The Historical Input Feeder: several datasets as one stream, in an order that a naive sort gives as well."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.messages import CandleClosed, InstantClosed, WarmupCandle
from kernel.timeframe import timeframe_ns
from research.importing.candles import Candles, Facts, Market
from research.importing.promote import promote_candles
from tests.kernel.given import MINUTE
from venues.dataset import CandleBlock, open_dataset
from venues.historical import HistoricalFeeder

ROW_GROUP = 65_536


def stored(data_dir, symbol, timeframe, opens):
    """A dataset whose candles open at these multiples of the timeframe; every number in it is another one."""
    step, count = timeframe_ns(timeframe), len(opens)
    seed = sum(map(ord, symbol + timeframe))
    middle = 500_00 + (np.arange(count) * 7919 + seed) % 10_007
    columns = [np.asarray(opens, dtype=np.int64) * step, middle, middle + 2, middle - 2, middle + 1, middle % 97]
    candles = Candles(CandleBlock(*(column.astype(np.int64) for column in columns)), 2, 3)
    manifest, _ = promote_candles(
        data_dir, candles, Facts(market=Market("test", symbol, timeframe), sources=(), now_ns=0)
    )
    return open_dataset(data_dir, manifest.dataset)


@pytest.fixture(scope="module")
def datasets(tmp_path_factory):
    """Minutes with holes, minutes with other holes, five minutes, hours: they close together often."""
    home = tmp_path_factory.mktemp("data")
    return [
        stored(home, "BTC/USDT", "1m", [n for n in range(180) if n % 7]),
        stored(home, "ETH/USDT", "1m", [n for n in range(30, 200) if n % 11 != 3]),
        stored(home, "SOL/USDT", "5m", range(2, 38)),
        stored(home, "ADA/USDT", "1h", range(4)),
    ]


def naive(datasets, first_ns, before_ns):
    """All candles in one list, labelled, and sorted."""
    rows = []
    for place, dataset in enumerate(datasets):
        step = timeframe_ns(dataset.manifest.timeframe)
        for block in dataset.blocks():
            for opened, *numbers in zip(*(column.tolist() for column in block), strict=True):
                if before_ns is None or opened < max(before_ns, first_ns or 0):
                    kind = WarmupCandle if first_ns is not None and opened < first_ns else CandleClosed
                    candle = kind(opened + step, dataset.manifest.symbol, opened, *numbers)
                    rows.append((candle.ts, place, opened, candle))
    return [candle for *_, candle in sorted(rows, key=lambda row: row[:3])]


moments = st.one_of(st.none(), st.integers(-2, 250).map(lambda minute: minute * MINUTE), st.integers(0, 250 * MINUTE))


@given(st.permutations(range(4)), st.integers(1, 4), moments, moments)
def test_the_stream_is_what_a_sort_gives(datasets, places, count, first_ns, before_ns):
    if first_ns is not None and before_ns is not None and before_ns < first_ns:
        first_ns, before_ns = before_ns, first_ns
    chosen = [datasets[place] for place in places[:count]]
    feeder = HistoricalFeeder(chosen, first_ns=first_ns, before_ns=before_ns)
    stream = list(feeder.messages())
    expected = naive(chosen, first_ns, before_ns)
    assert stream == expected
    assert [type(message) for message in stream] == [type(message) for message in expected]
    assert len(stream) <= feeder.rows
    assert list(feeder.messages()) == stream, "it can be read again"


@given(st.permutations(range(4)), st.integers(1, 4), moments, moments)
def test_instants_end_where_a_candle_of_the_window_closed_and_behind_the_last_of_them(
    datasets, places, count, first_ns, before_ns
):
    chosen = [datasets[place] for place in places[:count]]
    bounds = {"first_ns": first_ns, "before_ns": before_ns}
    stream = list(HistoricalFeeder(chosen, **bounds, instants=True).messages())
    plain = list(HistoricalFeeder(chosen, **bounds).messages())
    assert [message for message in stream if type(message) is not InstantClosed] == plain
    ends = [message.ts for message in stream if type(message) is InstantClosed]
    assert ends == sorted({message.ts for message in plain if type(message) is CandleClosed})
    times = [(message.ts, type(message) is InstantClosed) for message in stream]
    assert times == sorted(times), "behind every candle of its time, before those of the next"


@given(st.permutations(range(4)), st.integers(1, 4), moments, moments)
def test_slices_hold_the_stream_and_part_it_between_two_times(datasets, places, count, first_ns, before_ns):
    """Also where one market has long ended, or has not begun."""
    chosen = [datasets[place] for place in places[:count]]
    feeder = HistoricalFeeder(chosen, first_ns=first_ns, before_ns=before_ns)
    rebuilt, latest = [], -1
    for slices in feeder.slices():
        assert len(slices) == count
        piece = [message for part, of in zip(slices, chosen, strict=True) for message in messages_of(part, of)]
        assert piece
        assert min(message.ts for message in piece) > latest
        latest = max(message.ts for message in piece)
        rebuilt += sorted(piece, key=lambda message: message.ts)  # stable: then in symbol order
    expected = list(feeder.messages())
    assert rebuilt == expected
    assert [type(message) for message in rebuilt] == [type(message) for message in expected]


def messages_of(part, dataset):
    """The messages of a slice; its first `warm` candles are history."""
    step, rows = timeframe_ns(dataset.manifest.timeframe), zip(*(c.tolist() for c in part.block), strict=True)
    for row, (opened, *numbers) in enumerate(rows):
        kind = WarmupCandle if row < part.warm else CandleClosed
        yield kind(opened + step, dataset.manifest.symbol, opened, *numbers)


def test_the_window_holds_its_first_moment_and_not_its_last(datasets):
    stream = list(HistoricalFeeder(datasets[:1], first_ns=8 * MINUTE, before_ns=10 * MINUTE).messages())
    history, window = stream[:-2], stream[-2:]
    assert [type(message) for message in history] == [WarmupCandle] * 6
    assert [message.open_time // MINUTE for message in history] == [1, 2, 3, 4, 5, 6]
    assert [message.open_time // MINUTE for message in window] == [8, 9]
    assert {type(message) for message in window} == {CandleClosed}


def test_without_a_first_moment_there_is_no_history(datasets):
    stream = HistoricalFeeder(datasets, before_ns=20 * MINUTE).messages()
    assert {type(message) for message in stream} == {CandleClosed}


def test_markets_that_close_together_come_in_the_order_of_the_run(datasets):
    for chosen in (datasets, datasets[::-1]):
        wanted = [dataset.manifest.symbol for dataset in chosen]
        hour = [m.symbol for m in HistoricalFeeder(chosen).messages() if m.ts == 60 * MINUTE]
        assert hour == [symbol for symbol in wanted if symbol in hour]
        assert len(hour) == 4


@pytest.fixture(scope="module")
def long(tmp_path_factory):
    home = tmp_path_factory.mktemp("long")
    return [
        stored(home, "BTC/USDT", "1m", range(ROW_GROUP + 10)),
        stored(home, "ETH/USDT", "1m", range(5, ROW_GROUP + 5)),
    ]


@pytest.mark.parametrize(("count", "instants"), [(1, False), (2, False), (1, True), (2, True)])
def test_pieces_are_bounded_and_lose_nothing(long, count, instants):
    """More than a row group each: the seams between pieces leave no mark."""
    seam = (ROW_GROUP // 2) * MINUTE
    feeder = HistoricalFeeder(long[:count], first_ns=seam, instants=instants)
    sizes, ends, last = [], 0, (0, "")
    for piece in feeder.blocks():
        size = 0
        for message in piece:
            place = (message.ts, getattr(message, "symbol", "the end"))
            assert place > last
            last = place
            ends += place[1] == "the end"
            size += 1
        sizes.append(size)
    assert sum(sizes) - ends == feeder.rows == sum(dataset.manifest.rows for dataset in long[:count])
    assert ends == instants * (feeder.rows // count - ROW_GROUP // 2 if count == 1 else ROW_GROUP // 2 + 10)
    assert max(sizes) <= ROW_GROUP


def test_slices_of_two_long_markets_are_cut_where_both_have_come(long):
    pieces = list(HistoricalFeeder(long, first_ns=7 * MINUTE).slices())
    rows = [[len(part.block.open_time) for part in slices] for slices in pieces]
    assert [sum(column) for column in zip(*rows, strict=True)] == [dataset.manifest.rows for dataset in long]
    assert max(map(max, rows)) <= ROW_GROUP
    assert [part.warm for part in pieces[0]] == [7, 2]
    assert not any(part.warm for slices in pieces[1:] for part in slices)

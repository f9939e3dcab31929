"""The recorded feed: the backtest's stream, message for message, each when its time has come."""

import asyncio
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel.messages import CandleClosed, WarmupCandle
from service.daemon.clock import PacedClock, VirtualClock
from service.loop import run
from tests.kernel.given import MINUTE
from tests.venues.test_historical import stored
from venues.feed import Hole
from venues.historical import HistoricalFeeder
from venues.recorded_feed import RecordedFeed

WARM = 60 * MINUTE


@pytest.fixture(scope="module")
def datasets(tmp_path_factory):
    """Minutes with holes and five minutes; a market halt of an hour after the third hour; then half an hour."""
    home = tmp_path_factory.mktemp("data")
    return [
        stored(home, "BTC/USDT", "1m", [n for n in range(270) if n % 7 and not 180 <= n < 240]),
        stored(home, "SOL/USDT", "5m", [n for n in range(2, 54) if not 36 <= n < 48]),
    ]


@pytest.fixture(scope="module")
def long(tmp_path_factory):
    return [stored(tmp_path_factory.mktemp("long"), "BTC/USDT", "1m", [n for n in range(75_000) if n % 11])]


class SteppedClock:
    """A market clock whose time passes in the sleeps alone, `late` ns longer than asked; remembers when it started."""

    def __init__(self, late=0):
        self.started, self.wakes = None, 0
        self._now, self._late = 0, late

    def start(self, ts_ns):
        assert self.started is None
        self.started = self._now = ts_ns

    def now_ns(self):
        return self._now

    def due_ns(self):
        return self._now

    async def sleep_until(self, ts_ns):
        if ts_ns > self._now:
            self._now = ts_ns + self._late
            self.wakes += 1


def feeder_of(datasets, **settings):
    return HistoricalFeeder(datasets, **settings)


async def gathered(feed, clock):
    """Each batch, with the time at which it came."""
    return [(clock.now_ns(), list(batch)) async for batch in feed.batches()]


def told(messages):
    return [(type(message), message) for message in messages]


@settings(max_examples=40)
@given(st.sampled_from([None, WARM]), st.booleans(), st.integers(0, 500), st.sampled_from([0, 7, 600 * 10**9]))
def test_the_stream_is_the_backtests_from_the_first_message_that_is_not_known(datasets, first_ns, instants, skip, late):
    feeder = feeder_of(datasets, first_ns=first_ns, instants=instants)
    stream = list(feeder.messages())
    rest = stream[skip:]
    for clock in (SteppedClock(late), VirtualClock(0)):
        came = run(gathered(RecordedFeed(feeder, datasets, clock, skip=skip), clock))
        assert told(m for _, batch in came for m in batch) == told(rest)
        assert all(batch for _, batch in came)


@settings(max_examples=40)
@given(st.sampled_from([None, WARM]), st.booleans(), st.integers(0, 500), st.sampled_from([0, 7, 600 * 10**9]))
def test_a_message_comes_at_its_time_and_what_is_due_comes_together(datasets, first_ns, instants, skip, late):
    feeder = feeder_of(datasets, first_ns=first_ns, instants=instants)
    rest = list(feeder.messages())[skip:]
    clock = SteppedClock(late)
    came = run(gathered(RecordedFeed(feeder, datasets, clock, skip=skip), clock))
    leading = next((n for n, m in enumerate(rest) if not isinstance(m, WarmupCandle)), len(rest))
    history = leading > 0
    assert clock.started == (rest[leading].ts if leading < len(rest) else None)
    for now, batch in came[history:]:
        assert batch[0].ts + late >= now >= batch[-1].ts, "not before its time, and no later than the clock wakes"
    assert len(came) <= 2 * clock.wakes + 3, "what it was woken for, and what was due by then"
    if history:
        assert came[0] == (0, rest[:leading])


def test_at_maximal_speed_batches_hold_many_instants_and_the_time_is_that_of_the_newest(long):
    clock = VirtualClock(0)
    came = run(gathered(RecordedFeed(feeder_of(long), long, clock), clock))
    sizes = [len(batch) for _, batch in came]
    assert set(sizes[:-1]) == {1024}
    assert sum(sizes) == long[0].manifest.rows
    assert all(now == batch[-1].ts for now, batch in came)


def test_a_long_continuation_skips_in_steps(long):
    clock, skip = VirtualClock(0), 67_000
    came = run(gathered(RecordedFeed(feeder_of(long), long, clock, skip=skip), clock))
    assert sum(len(batch) for _, batch in came) == long[0].manifest.rows - skip


def test_a_halt_of_the_market_is_played_in_its_length(datasets):
    """An hour at 36,000 times the real speed: a tenth of a second; the rest of the market as long again, and more."""

    async def play():
        clock = PacedClock(0, 36_000.0)
        feed = RecordedFeed(feeder_of(datasets, first_ns=170 * MINUTE), datasets, clock)
        arrived = []
        async for batch in feed.batches():
            assert clock.now_ns() >= batch[-1].ts or isinstance(batch[-1], WarmupCandle)
            arrived += [(message.ts, time.monotonic()) for message in batch if type(message) is CandleClosed]
        return arrived

    arrived = run(play())
    before = max(at for ts, at in arrived if ts <= 180 * MINUTE)
    after = min(at for ts, at in arrived if ts > 180 * MINUTE)
    assert after - before > 0.09


def test_history_answers_as_far_as_the_market_was_played_and_no_further(datasets):
    async def play():
        clock, seen, asked = SteppedClock(), [], 0
        feed = RecordedFeed(feeder_of(datasets), datasets, clock)
        async for batch in feed.batches():
            seen += batch
            for symbol, first, last in [("BTC/USDT", 0, 300), ("SOL/USDT", 10, 300), ("BTC/USDT", 90, 200)]:
                hole = Hole(symbol, first * MINUTE, last * MINUTE)
                expected = [m for m in seen if m.symbol == symbol and hole.first <= m.open_time <= hole.last]
                assert told(await feed.backfill([hole])) == told(expected)
                asked += bool(expected)
        return asked

    assert run(play()) > 100


def test_history_of_a_long_market_is_read_in_pieces(long):
    """Each answer is right, asked forwards, backwards, and across the pieces; a too long hole is answered in part."""

    async def play():
        feed = RecordedFeed(feeder_of(long), long, VirtualClock(0))
        known = [message async for batch in feed.batches() for message in batch]
        for first, last in [
            (0, 10),
            (8_000, 8_300),
            (8_191, 8_192),
            (65_500, 65_600),
            (74_990, 80_000),
            (5, 20),
            (11, 11),
        ]:
            expected = [m for m in known if first * MINUTE <= m.open_time <= last * MINUTE]
            assert list(await feed.backfill([Hole("BTC/USDT", first * MINUTE, last * MINUTE)])) == expected
        part = await feed.backfill([Hole("BTC/USDT", 0, 74_999 * MINUTE)])
        assert list(part) == [m for m in known if m.open_time < 8192 * MINUTE]
        both = await feed.backfill([Hole("BTC/USDT", MINUTE, MINUTE), Hole("BTC/USDT", 3 * MINUTE, 3 * MINUTE)])
        assert [candle.open_time // MINUTE for candle in both] == [1, 3]

    run(play())


def test_others_have_their_turn_while_the_market_is_skipped_and_played(long):
    async def play():
        turns = 0

        async def other():
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        task = asyncio.ensure_future(other())
        async for _ in RecordedFeed(feeder_of(long), long, VirtualClock(0), skip=10_000).batches():
            pass
        task.cancel()
        return turns

    assert run(play()) >= 50

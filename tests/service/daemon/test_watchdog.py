"""The watchdog of the feed: silence is found after its time, told once, and the feed is asked until it ends."""

import asyncio
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.notes import FeedChanged
from service.daemon.candles import CandleRules
from service.daemon.clock import PacedClock
from service.daemon.watchdog import FeedWatchdog, watch
from service.loop import run
from tests.kernel.given import MINUTE
from tests.service.daemon.faulty_feed import Faults, FaultyFeed
from tests.venues.test_historical import stored
from venues.historical import HistoricalFeeder
from venues.recorded_feed import RecordedFeed

SECOND = MINUTE // 60
A, B = "A/USDT", "B/USDT"
BEGIN = 10_000 * MINUTE


def watchdog(lengths=None, stale_after="2.5", stale_after_s=90):
    return FeedWatchdog(lengths or {A: MINUTE}, stale_after=Decimal(stale_after), stale_after_s=stale_after_s)


@pytest.mark.parametrize(
    ("length", "stale_after", "stale_after_s", "limit_s"),
    [(MINUTE, "2.5", 90, 150), (MINUTE, "1.2", 90, 90), (5 * MINUTE, "2.5", 90, 750), (MINUTE, "2.5", 600, 600)],
)
def test_a_market_is_stale_after_so_many_candles_and_so_many_seconds(length, stale_after, stale_after_s, limit_s):
    dog = watchdog({A: length}, stale_after, stale_after_s)
    newest = {A: BEGIN}
    dog.look(BEGIN, newest)
    limit = limit_s * SECOND
    assert dog.step_ns == limit // 10
    for now in (BEGIN + limit - 1, BEGIN + limit, BEGIN + limit):
        assert dog.look(now, newest) == ([], [])
    assert dog.look(BEGIN + limit + 1, newest) == ([], []), "suspected"
    assert dog.look(BEGIN + limit + 2, newest) == ([FeedChanged(0, 0, A, "stale")], [A])
    assert dog.look(BEGIN + limit + 3, newest) == ([], []), "told once"
    assert dog.stale == [A]
    newest[A] += length
    assert dog.look(BEGIN + limit + 4, newest) == ([FeedChanged(0, 0, A, "live")], [])
    assert dog.stale == []


def test_what_was_silent_before_the_first_look_is_not_held_against_it():
    dog, old = watchdog({A: MINUTE, B: MINUTE}), {A: 0, B: -1}
    for minute in range(3):
        assert dog.look(BEGIN + minute * MINUTE, old) == ([], [])
    dog.look(BEGIN + 3 * MINUTE, old)
    assert dog.look(BEGIN + 3 * MINUTE + 1, old).asked == [A, B]


def test_who_stays_stale_is_asked_for_again_and_again():
    dog, newest = watchdog({A: MINUTE, B: MINUTE}), {A: BEGIN, B: BEGIN}
    asked = []
    for second in range(0, 1000, 10):
        newest[B] = BEGIN + second * SECOND // MINUTE * MINUTE
        look = dog.look(BEGIN + second * SECOND, newest)
        asked += [(second, symbol) for symbol in look.asked]
    assert asked == [(170, A), (330, A), (490, A), (650, A), (810, A), (970, A)]


def test_a_program_that_was_held_up_finds_what_came_meanwhile():
    """One look at old news is not enough."""
    dog, newest = watchdog(), {A: BEGIN}
    dog.look(BEGIN, newest)
    assert dog.look(BEGIN + 600 * SECOND, newest) == ([], [])
    newest[A] = BEGIN + 600 * SECOND
    assert dog.look(BEGIN + 601 * SECOND, newest) == ([], [])


looks = st.lists(st.tuples(st.integers(0, 200), st.sampled_from([None, A, B])), max_size=60)


@given(looks)
def test_the_notes_of_a_market_take_turns_and_follow_two_silent_looks(steps):
    dog, newest, now = watchdog({A: MINUTE, B: 2 * MINUTE}), {A: BEGIN, B: BEGIN}, BEGIN
    limits = {A: 150 * SECOND, B: 300 * SECOND}
    dog.look(now, newest)
    silent, states = {A: [False], B: [False]}, {A: "live", B: "live"}
    for seconds, came in steps:
        now += seconds * SECOND
        if came is not None:
            newest[came] = now
        look = dog.look(now, newest)
        for symbol in (A, B):
            silent[symbol].append(now - newest[symbol] > limits[symbol])
            if states[symbol] == "live" and all(silent[symbol][-2:]):
                states[symbol] = "stale"
                assert FeedChanged(0, 0, symbol, "stale") in look.changed
                assert symbol in look.asked
            elif states[symbol] == "stale" and not silent[symbol][-1]:
                states[symbol] = "live"
                assert FeedChanged(0, 0, symbol, "live") in look.changed
            else:
                assert not any(note.symbol == symbol for note in look.changed)
        assert dog.stale == [symbol for symbol in (A, B) if states[symbol] == "stale"]


def test_a_halt_of_a_recorded_market_is_seen_at_its_speed(tmp_path):
    """Ten minutes, an hour of halt, ten minutes; an hour takes half a second. The other market has no halt."""
    halted = [*range(10), *range(70, 80)]
    datasets = [stored(tmp_path, A, "1m", halted), stored(tmp_path, B, "5m", range(16))]

    async def play():
        clock = PacedClock(0, 7200.0)
        feed = FaultyFeed(RecordedFeed(HistoricalFeeder(datasets), datasets, clock), 0, Faults(*[0.0] * 5))
        rules = CandleRules({A: MINUTE, B: 5 * MINUTE}, feed, known={})
        notes = []
        dog = watchdog({A: MINUTE, B: 5 * MINUTE})
        watching = asyncio.ensure_future(watch(dog, clock, feed, rules.newest, notes.append))
        async for batch in feed.batches():
            await rules.admit(batch)
        await asyncio.sleep(0.02)
        watching.cancel()
        return [note.state for note in notes if note.symbol == A], feed.resubscribed

    states, asked = run(play())
    assert states[:2] == ["stale", "live"]
    assert asked.count(A) > 2

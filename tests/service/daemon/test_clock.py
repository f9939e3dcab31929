"""Clocks: nobody wakes early, a recording's time stands until it is started, and maximal speed waits for nothing."""

import asyncio
import time

import pytest

from kernel.errors import UsageError
from kernel.timeframe import NS_PER_SECOND
from service import loop
from service.daemon.clock import PacedClock, VirtualClock, WallClock, market_clock, parse_speed

START = 1_640_995_200 * NS_PER_SECOND
HOUR = 3600 * NS_PER_SECOND


@pytest.fixture(params=["uvloop", "asyncio"])
def on_a_loop(request):
    return loop.run if request.param == "uvloop" else asyncio.run


@pytest.mark.parametrize(("text", "speed"), [("1", 1.0), ("60", 60.0), ("0.5", 0.5), ("1e3", 1000.0), ("max", None)])
def test_a_speed_is_market_seconds_per_second(text, speed):
    assert parse_speed(text) == speed


@pytest.mark.parametrize("text", ["", "0", "-1", "fast", "nan", "inf", "1e7", "MAX", "60x"])
def test_what_is_no_speed_is_refused_with_what_would_be_one(text):
    with pytest.raises(UsageError) as refused:
        parse_speed(text)
    assert repr(text) in str(refused.value)
    assert "max" in refused.value.fix


def test_a_recording_stands_until_it_is_started_and_then_passes_at_its_speed(on_a_loop):
    async def play():
        clock = PacedClock(START, 3600.0)
        await asyncio.sleep(0.02)
        assert clock.now_ns() == clock.due_ns() == START
        began = time.monotonic_ns()
        clock.start(START + HOUR)
        seen = [clock.now_ns()]
        while seen[-1] < START + HOUR + 100 * NS_PER_SECOND:
            await asyncio.sleep(0.001)
            seen.append(clock.now_ns())
            passed = time.monotonic_ns() - began
            assert 0 <= seen[-1] - (START + HOUR) <= passed * 3600
        assert seen == sorted(seen)

    on_a_loop(play())


@pytest.mark.parametrize("speed", [60.0, 7200.0, 1_000_000.0])
def test_a_sleeper_wakes_at_its_time_and_never_before(on_a_loop, speed):
    async def play():
        clock = PacedClock(0, speed)
        clock.start(START)
        wakes = []
        for hundredths in (1, 2, 5):
            until = START + int(hundredths * speed * NS_PER_SECOND) // 100
            await clock.sleep_until(until)
            wakes.append(clock.now_ns() - until)
        assert min(wakes) >= 0
        await clock.sleep_until(START)

    on_a_loop(play())


def test_who_sleeps_before_the_start_wakes_after_it(on_a_loop):
    async def play():
        clock = PacedClock(0, 60.0)
        sleeper = asyncio.ensure_future(clock.sleep_until(START))
        await asyncio.sleep(0.05)
        assert not sleeper.done()
        clock.start(START)
        await asyncio.wait_for(sleeper, timeout=20)

    on_a_loop(play())


def test_at_maximal_speed_a_sleep_takes_no_time_and_time_does_not_go_back(on_a_loop):
    async def play():
        clock, others = VirtualClock(START), 0

        async def other():
            nonlocal others
            while True:
                others += 1
                await asyncio.sleep(0)

        task = asyncio.ensure_future(other())
        for hours in (1, 5, 3, 1_000_000):
            await clock.sleep_until(START + hours * HOUR)
            assert clock.now_ns() == START + max(hours, 5 if hours == 3 else 0) * HOUR
        assert others >= 4, "each sleep lets the others of the loop have their turn"
        assert clock.due_ns() > clock.now_ns()
        task.cancel()

    on_a_loop(play())


def test_the_speed_chooses_the_clock():
    assert isinstance(market_clock(START, None), VirtualClock)
    assert isinstance(market_clock(START, 60.0), PacedClock)
    assert market_clock(START, None).now_ns() == market_clock(START, 60.0).now_ns() == START


def test_the_worlds_clock_is_the_worlds(on_a_loop):
    async def play():
        clock = WallClock()
        until = clock.now_ns() + 20_000_000
        await clock.sleep_until(until)
        assert until <= clock.now_ns() <= time.time_ns()

    on_a_loop(play())

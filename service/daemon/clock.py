"""Clocks: the world's, and those of a recorded market, which passes at a chosen speed or as fast as it is taken.

Everything in the daemon that waits for market time waits on one of these; the kernel's time comes in messages.
"""

import asyncio
import sys
import time

from kernel.errors import UsageError
from kernel.timeframe import NS_PER_SECOND
from venues.feed import Clock, MarketClock

__all__ = ["Clock", "MarketClock", "PacedClock", "VirtualClock", "WallClock", "market_clock", "parse_speed"]

# A longer sleep is cut into naps: a clock that starts, or is set, is noticed within one.
_NAP_MAX_S = 1.0
# uvloop counts in ms and rounds: a shorter nap may be none, and the wait a spin.
_NAP_MIN_S = 0.001
_SPEED_MAX = 1_000_000.0


class WallClock:
    """The world's time, as this machine has it."""

    def now_ns(self) -> int:
        """The time of day, ns since 1970, UTC."""
        return time.time_ns()

    async def sleep_until(self, ts_ns: int) -> None:
        """Return once it is `ts_ns`."""
        await _wait(self, ts_ns, 1.0)


class PacedClock:
    """The time of a recording that passes `speed` times as fast as ours. It stands at `start_ns` until it is started.

    It follows the machine's monotonic time: nobody who sets the time of day moves it.
    """

    def __init__(self, start_ns: int, speed: float) -> None:
        self._start_ns = start_ns
        self._speed = speed
        self._began_ns: int | None = None

    def start(self, ts_ns: int) -> None:
        """It is `ts_ns` now, and time begins to pass."""
        self._start_ns, self._began_ns = ts_ns, time.monotonic_ns()

    def now_ns(self) -> int:
        """What time it is in the recording."""
        if self._began_ns is None:
            return self._start_ns
        return self._start_ns + int((time.monotonic_ns() - self._began_ns) * self._speed)

    def due_ns(self) -> int:
        """What has happened by now is due."""
        return self.now_ns()

    async def sleep_until(self, ts_ns: int) -> None:
        """Return once it is `ts_ns` in the recording."""
        await _wait(self, ts_ns, self._speed)


class VirtualClock:
    """The time of a recording that passes as fast as it is taken: a sleep returns at once, and it is that time then.

    Whoever sleeps moves it for everybody, so only the feed may.
    """

    def __init__(self, start_ns: int) -> None:
        self._now_ns = start_ns

    def start(self, ts_ns: int) -> None:
        """It is `ts_ns` now."""
        self._now_ns = ts_ns

    def now_ns(self) -> int:
        """The latest time that was slept to."""
        return self._now_ns

    def due_ns(self) -> int:
        """Everything is due."""
        return sys.maxsize

    async def sleep_until(self, ts_ns: int) -> None:
        """It is `ts_ns`, if it was not later already; others of the loop get their turn."""
        self._now_ns = max(self._now_ns, ts_ns)
        await asyncio.sleep(0)


def parse_speed(text: str) -> float | None:
    """Market seconds per second, None for "max": as fast as the messages are taken. Errors: UsageError."""
    if text == "max":
        return None
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0 < speed <= _SPEED_MAX:
        raise UsageError(
            f"{text!r} is not a speed",
            fix=f"give the market seconds that pass in a second, more than 0 and at most {_SPEED_MAX:,.0f}, or max",
        )
    return speed


def market_clock(start_ns: int, speed: float | None) -> MarketClock:
    """The clock of a recording that is played at a speed (see parse_speed), standing at `start_ns`."""
    return VirtualClock(start_ns) if speed is None else PacedClock(start_ns, speed)


async def _wait(clock: Clock, ts_ns: int, speed: float) -> None:
    while (left := ts_ns - clock.now_ns()) > 0:  # noqa: ASYNC110  time comes by itself, and sets no event
        await asyncio.sleep(max(min(left / NS_PER_SECOND / speed, _NAP_MAX_S), _NAP_MIN_S))
    await asyncio.sleep(0)

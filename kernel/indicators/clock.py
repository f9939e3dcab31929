"""What time it is, by the candle's opening, UTC.

Input: minutes since 1970. Outputs: `hour`, 0 to 24 with its fraction; `weekday`, 0 (Monday) to 6; `minute_of_day`, 0
to 1439; `day_phase` and `week_phase`, the share that is over of the day, or of the week from Monday 00:00 on. The
waves go round, so that midnight is beside midnight, on straight lines, since the last bit of a sine differs between
machines: `day_wave` rises from -1 at 00:00 to 1 at 12:00 and falls back; `day_wave_late` is the same 6 hours later.
The two together tell any time of day from any other, as sine and cosine would. `week_wave` rises from -1 on Monday
00:00 to 1 on Thursday 12:00; `week_wave_late` is the same a quarter of a week later. Warm-up: 1 input. Cost: O(1).
Edges: a fraction of a minute is cut off; NaN where the input is no number or beyond 2**52.
Forgets: at once. Source: 1970-01-01 was a Thursday.
"""

from math import floor, nan

from kernel.indicators.kind import Floats, Ints, Kind, Output
from kernel.indicators.latest import latest_one, open_latest

__all__ = ["KIND"]

_HOUR, _DAY, _WEEK = 60.0, 1440.0, 10_080.0
_TO_MONDAY = 3 * 1440.0  # 1970 began three days after a Monday's 00:00
_WIDEST = 2.0**52


def update(f: Floats, n: Ints, i: int, j: int, minute: float) -> None:
    """Store the whole minute."""
    f[i] = nan
    if abs(minute) < _WIDEST:
        f[i] = float(floor(minute))


def _within(minute: float, span: float) -> float:
    """Minutes since a span of that many minutes began."""
    return minute - span * floor(minute / span) if abs(minute) < _WIDEST else nan


def _wave(phase: float) -> float:
    """-1 at 0, 1 at a half, -1 at 1."""
    return 1.0 - 4.0 * abs(phase - 0.5)


def _later(phase: float) -> float:
    """The phase of what is a quarter behind."""
    return phase - 0.25 if phase >= 0.25 else phase + 0.75


def minute_of_day(f: Floats, n: Ints, i: int, j: int) -> float:
    """Minutes since 00:00."""
    return _within(f[i], _DAY)


def hour(f: Floats, n: Ints, i: int, j: int) -> float:
    """Hours since 00:00."""
    return _within(f[i], _DAY) / _HOUR


def weekday(f: Floats, n: Ints, i: int, j: int) -> float:
    """0 for Monday."""
    minutes = _within(f[i] + _TO_MONDAY, _WEEK)
    return (minutes - _within(minutes, _DAY)) / _DAY


def day_phase(f: Floats, n: Ints, i: int, j: int) -> float:
    """The share of the day that is over."""
    return _within(f[i], _DAY) / _DAY


def week_phase(f: Floats, n: Ints, i: int, j: int) -> float:
    """The share of the week that is over."""
    return _within(f[i] + _TO_MONDAY, _WEEK) / _WEEK


def day_wave(f: Floats, n: Ints, i: int, j: int) -> float:
    """-1 at 00:00, 1 at 12:00."""
    return _wave(day_phase(f, n, i, j))


def day_wave_late(f: Floats, n: Ints, i: int, j: int) -> float:
    """-1 at 06:00, 1 at 18:00."""
    return _wave(_later(day_phase(f, n, i, j)))


def week_wave(f: Floats, n: Ints, i: int, j: int) -> float:
    """-1 on Monday 00:00, 1 on Thursday 12:00."""
    return _wave(week_phase(f, n, i, j))


def week_wave_late(f: Floats, n: Ints, i: int, j: int) -> float:
    """-1 on Tuesday 18:00, 1 on Saturday 06:00."""
    return _wave(_later(week_phase(f, n, i, j)))


KIND = Kind(
    name="clock",
    inputs=("minute",),
    parameters={},
    room=latest_one,
    bootstrap_state=open_latest,
    update=update,
    outputs={"hour": Output(hour, lambda: 1), "weekday": Output(weekday, lambda: 1),
             "minute_of_day": Output(minute_of_day, lambda: 1),
             "day_phase": Output(day_phase, lambda: 1), "week_phase": Output(week_phase, lambda: 1),
             "day_wave": Output(day_wave, lambda: 1), "day_wave_late": Output(day_wave_late, lambda: 1),
             "week_wave": Output(week_wave, lambda: 1), "week_wave_late": Output(week_wave_late, lambda: 1)},
    memory="window",
)  # fmt: skip

"""Whether the times of a file's rows are those of candles of the timeframe that was given."""

from math import ceil, log

import numpy as np

from kernel.timeframe import NS_PER_SECOND, TIMEFRAMES_NS, iso, timeframe_ns
from research.importing.origin import Origin
from venues.columns import Units

__all__ = ["check_close_times", "check_spacing"]

_MOST = 0.5
_CLOSE_TOLERANCE_NS = NS_PER_SECOND  # vendors close a candle a second, ms or us before the next one opens


def check_spacing(times: Units, timeframe: str, origin: Origin) -> None:
    """Errors: DataRefused when rows (ascending) are off the timeframe's grid, or spaced as another timeframe's."""
    step = timeframe_ns(timeframe)
    off_grid = times % step != 0
    if off_grid.any():
        row = int(off_grid.argmax())
        reason = f"opens at {iso(int(times[row]))}, where no {timeframe} candle does"
        raise origin.refused(row, reason, fix=_suggestion(times, timeframe))
    longer_ones = [name for name, longer in TIMEFRAMES_NS.items() if longer > step and longer % step == 0]
    for name in reversed(longer_ones):
        _refuse_other(times, timeframe, name, origin)
    for name in longer_ones:
        _refuse_run(times, timeframe, name, origin)


def check_close_times(times: Units, close_times: Units, timeframe: str, origin: Origin) -> Units:
    """True for each row whose candle was cut short, by its close time.

    Errors: DataRefused for a close before the open, or when most rows are longer than the timeframe (vendors stretch
    the odd candle over an outage).
    """
    length = close_times - times
    step = timeframe_ns(timeframe)
    too_long = length > step + _CLOSE_TOLERANCE_NS
    impossible = (length < 0) | (too_long & (too_long.mean() > _MOST))
    if impossible.any():
        row = int(impossible.argmax())
        reason = f"opens at {iso(int(times[row]))} and closes at {iso(int(close_times[row]))}"
        raise origin.refused(row, f"{reason}, which is no {timeframe} candle", fix="check --timeframe")
    cut_short: Units = length < step - _CLOSE_TOLERANCE_NS
    return cut_short


def _refuse_other(times: Units, timeframe: str, other: str, origin: Origin) -> None:
    """Refuse a file whose rows are, all of them, candles of another timeframe. Two rows alone prove nothing."""
    longer = TIMEFRAMES_NS[other]
    steps = np.diff(times)
    steps = steps[steps > 0]
    if len(steps) > 1 and steps.min() == longer and not np.any(times % longer):
        reason = f"the rows are {other} apart, in the whole file, and {timeframe} was given"
        raise origin.refused(1, reason, fix=f"give --timeframe {other}")


def _refuse_run(times: Units, timeframe: str, other: str, origin: Origin) -> None:
    """Refuse rows that go on in steps of another timeframe for longer than holes in a thin market ever would."""
    longer = TIMEFRAMES_NS[other]
    regular = (np.diff(times) == longer) & (times[1:] % longer == 0)
    edges = np.flatnonzero(np.diff(np.concatenate(([0], regular.astype(np.int8), [0]))))
    starts, ends = edges[::2], edges[1::2]
    suspicious = ends - starts >= _impossible_run(longer // timeframe_ns(timeframe), len(times))
    if suspicious.any():
        row = int(starts[suspicious.argmax()]) + 1
        reason = f"from here on rows are {other} apart: mixed timeframes, and {timeframe} was given"
        raise origin.refused(row, reason, fix="import each timeframe by itself")


def _impossible_run(candles: int, rows: int) -> int:
    """How many equal steps of `candles` in a row chance would give less than once in a million imports.

    A market that trades in each candle with chance p makes a step of n candles with chance p (1-p)^(n-1), at most when
    p is 1/n; the run may begin at any of the rows.
    """
    chance = (1 / candles) * (1 - 1 / candles) ** (candles - 1)
    return max(3, ceil(log(1e-6 * candles / rows) / log(chance)))


def _suggestion(times: Units, timeframe: str) -> str:
    """What to try when rows are off the grid: the timeframe of the step that is most common."""
    steps, counts = np.unique(np.diff(times), return_counts=True)
    usual = int(steps[counts.argmax()]) if len(steps) else 0
    name = next((name for name, step in TIMEFRAMES_NS.items() if step == usual), timeframe)
    return "check --timeframe" if name == timeframe else f"most rows are {name} apart: give --timeframe {name}"

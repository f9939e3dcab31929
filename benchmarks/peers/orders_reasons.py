"""Why an engine's fill is another than candled's. A difference that has no name here is an error.

Rule of this file: a name is earned by the candles. Each tests prices and rows, so that it cannot be given by mistake.
"""

from collections.abc import Callable, Sequence

from orders_cases import Episode, Fill, Run, episodes
from orders_difference import Difference, exit_after, trail_after
from orders_market import Candle


def gap_at_level(d: Difference) -> bool:
    """The price jumps past an order between two candles; the peer fills it at its own price, not at the open."""
    before = d.candles[d.their.row - 1].close
    jumped = min(before, d.candle.open) < d.their.price < max(before, d.candle.open) or d.their.price == before
    own = bool(d.run.case.trail) or d.their.price in d.episode[3:]
    return d.same_row and jumped and own and d.our.price == d.candle.open


def guards_wait(d: Difference) -> bool:
    """The peer's stop and target sleep through the rest of the candle that filled the entry."""
    entered = d.ours[0].row
    waits = d.is_exit and d.theirs[0].row == entered == d.our.row < d.their.row
    return waits and (d.their.row, d.their.price) == exit_after(d, entered)


def limit_touched(d: Difference) -> bool:
    """The price comes to a limit and goes no further; the peer fills it."""
    if d.their is None:
        return False
    extreme = d.candle.high if d.their.quantity < 0 else d.candle.low
    return d.their.price == d.level == extreme and (d.our is None or d.their.row < d.our.row)


def child_at_extreme(d: Difference) -> bool:
    """A target that is behind the price when its entry fills, in one run to the candle's extreme: filled there."""
    extreme = d.candle.high if d.their.quantity < 0 else d.candle.low
    entered = d.theirs[0].row
    return d.is_exit and d.same_row and d.their.row == entered and d.our.price == d.level and d.their.price == extreme


def low_first(d: Difference) -> bool:
    """A candle holds stop and target; the peer thinks that it saw its low first, which was nearer to the open."""
    e, c = d.episode, d.candle
    holds = c.low <= min(e.stop, e.target) and max(e.stop, e.target) <= c.high
    below = e.stop if e.side == "buy" else e.target
    nearer = c.open - c.low <= c.high - c.open
    at_levels = {d.our.price, d.their.price} == {e.stop, e.target} and d.their.price == below
    return d.is_exit and d.same_row and holds and nearer and at_levels


def trail_lags(d: Difference) -> bool:
    """The peer's trailing stop stands where the candles before left it, and follows this one only afterwards."""
    trailing = d.is_exit and d.run.case.trail_ppm and d.ours[0] == d.theirs[0]
    return bool(trailing) and (d.their.row, d.their.price) == trail_after(d, d.episode.row)


def stop_before_open(d: Difference) -> bool:
    """A position is left at the open of a candle that reaches its stop or target later; the peer takes those first."""
    at_open = d.our.row == d.episode.leave + 1 and d.our.price == d.candles[d.our.row].open
    return d.is_exit and d.same_row and at_open and d.their.price in (d.episode.stop, d.episode.target)


def entry_lost(d: Difference) -> bool:
    """A candle ends the old position and begins the new one; the peer does one thing a candle."""
    older = [e for e in episodes(d.run.case, d.run.market, d.candles) if e.leave == d.episode.row]
    candle = d.candles[d.episode.row + (d.run.fill == "next_open")]
    hit = any(candle.low <= level <= candle.high for e in older for level in (e.stop, e.target))
    return not d.is_exit and d.their is None and d.run.case.reverses and hit


def stop_before_gap(d: Difference) -> bool:
    """A candle opens beyond the target and comes to the stop later; the peer takes the stop all the same."""
    e, opened = d.episode, d.candle.open
    beyond = opened >= e.target if e.side == "buy" else opened <= e.target
    return d.is_exit and d.same_row and beyond and d.our.price == opened and d.their.price == e.stop


def gap_at_trigger(d: Difference) -> bool:
    """A stop-limit is triggered by a jump past its trigger; the peer fills it there, where the price never was."""
    e, opened = d.episode, d.candle.open
    past = opened > e.trigger if e.side == "buy" else opened < e.trigger
    return not d.is_exit and bool(e.limit) and past and d.their.price == e.trigger and d.their.row <= d.our.row


def limit_jumped(d: Difference) -> bool:
    """A stop-limit is looked at where the candle turns only: there its limit is behind, and it waits for the way back.

    On that way it is filled at up to its trigger, which is better than its limit.
    """
    if d.is_exit or d.our is None or d.run.case.entry != "stop_limit":
        return False
    e, ours = d.episode, d.candles[d.our.row]
    passed = ours.low < e.limit if e.side == "sell" else ours.high > e.limit
    late = d.their is None or d.our.row <= d.their.row
    between = d.their is None or min(e.limit, e.trigger) <= d.their.price <= max(e.limit, e.trigger)
    return passed and late and between and (d.one_only or not gap_at_level(d))


def child_misses_leg(d: Difference) -> bool:
    """The same, where the way back is in the same candle: the target, reached on the way there, is missed."""
    early = d.our.row == d.ours[0].row and d.our.price == d.episode.target
    waited = d.their.row > d.our.row or d.their.price == d.episode.stop
    return d.is_exit and d.run.case.entry == "stop_limit" and early and waited


REASONS: dict[str, tuple[Callable[[Difference], bool], ...]] = {
    "backtesting": (guards_wait, limit_touched, stop_before_gap, gap_at_trigger),
    "vectorbt": (guards_wait, stop_before_gap, stop_before_open, trail_lags, entry_lost),
    "nautilus": (gap_at_level, child_at_extreme, limit_touched, limit_jumped, child_misses_leg),
    "nautilus adaptive": (gap_at_level, low_first),
}

NEVER_FILLED = (limit_touched, limit_jumped, entry_lost)  # what can explain a fill that one of the two has not


def reason(run: Run, episode: Episode, candles: Sequence[Candle], ours: Sequence[Fill], theirs: Sequence[Fill]) -> str:
    """Names of all that differs in an episode, joined by "+"; "" where nothing does.

    What follows from an entry in another candle, or from none, has no name of its own.
    Errors: ValueError for what has no name.
    """
    known = REASONS[run.engine + " adaptive" * (run.settings == "adaptive")]
    names = []
    for place in range(max(len(ours), len(theirs))):
        difference = Difference(run, episode, candles, ours, theirs, place)
        if difference.our == difference.their:
            continue
        able = [name for name in known if name in NEVER_FILLED or not difference.one_only]
        found = [name.__name__ for name in able if name(difference)]
        if len(found) != 1:
            raise ValueError(f"{found or 'no name'} for {run.engine} {run.name} {episode}: {ours}, {theirs}")
        names += found
        if place == 0 and (difference.one_only or not difference.same_row):
            break
    return "+".join(dict.fromkeys(names))

"""An episode that two engines filled otherwise, and how it ends by rules that look at whole candles."""

from collections.abc import Sequence
from dataclasses import dataclass

from orders_cases import MILLION, Episode, Fill, Run
from orders_market import Candle


@dataclass(frozen=True)
class Difference:
    """An episode's fills, by candled and by a peer: the entry, then the exit. The one at `place` is not the same."""

    run: Run
    episode: Episode
    candles: Sequence[Candle]
    ours: Sequence[Fill]
    theirs: Sequence[Fill]
    place: int

    @property
    def our(self) -> Fill | None:
        """candled's, None where it has none."""
        return self.ours[self.place] if self.place < len(self.ours) else None

    @property
    def their(self) -> Fill | None:
        """The peer's."""
        return self.theirs[self.place] if self.place < len(self.theirs) else None

    @property
    def candle(self) -> Candle:
        """Where the peer filled."""
        return self.candles[self.their.row]

    @property
    def same_row(self) -> bool:
        return self.our.row == self.their.row

    @property
    def one_only(self) -> bool:
        """Whether either never filled."""
        return self.place >= min(len(self.ours), len(self.theirs))

    @property
    def is_exit(self) -> bool:
        return self.place == 1

    @property
    def level(self) -> int:
        """The limit at which the peer's fill stood: that of the entry, or the target."""
        return self.episode.target if self.is_exit else self.episode.limit


def exit_after(d: Difference, entered: int) -> tuple[int, int]:
    """Where a bracket ends that looks at whole candles after its entry's: the stop first, then the target."""
    e, long = d.episode, d.episode.side == "buy"
    last = e.leave + (d.run.fill == "next_open" and d.run.engine == "vectorbt")
    for row in range(entered + 1, last + 1):
        c = d.candles[row]
        if c.low <= e.stop if long else c.high >= e.stop:
            return row, min(c.open, e.stop) if long else max(c.open, e.stop)
        if c.high >= e.target if long else c.low <= e.target:
            return row, max(c.open, e.target) if long else min(c.open, e.target)
    if d.run.fill == "same_close":
        return e.leave, d.candles[e.leave].close
    return e.leave + 1, d.candles[e.leave + 1].open


def trail_after(d: Difference, entered: int) -> tuple[int, int]:
    """Where a trailing stop ends that follows a candle's best price only when the candle is over."""
    long, ppm = d.episode.side == "buy", d.run.case.trail_ppm
    best = d.theirs[0].price
    for row in range(entered + 1, d.episode.leave + 1):
        candle = d.candles[row]
        level = best * (MILLION - ppm) // MILLION if long else -(-best * (MILLION + ppm) // MILLION)
        if candle.low <= level if long else candle.high >= level:
            return row, min(level, candle.open) if long else max(level, candle.open)
        best = max(best, candle.high) if long else min(best, candle.low)
    return d.episode.leave, d.candles[d.episode.leave].close

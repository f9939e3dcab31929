"""Symmetric CUSUM filter on log returns."""

from math import log, nan

import msgspec

__all__ = ["RETURN_UNITS", "Cusum"]

RETURN_UNITS = 1e12


class Cusum(msgspec.Struct, tag="cusum", gc=False):
    """Opens when the log returns since the last opening have drifted by more than `threshold`, up or down.

    Input: one positive float a candle. Output: 1.0 on a candle that opens it, else 0.0; the sums start again then.
    Warm-up: 2 candles. Forgets: never exactly, in practice at the first opening after the starts differ.
    Returns are summed as whole multiples of 1e-12, since the last bit of a logarithm differs between machines; `up` and
    `down` are in that unit.
    Cost: O(1). Source: the symmetric CUSUM filter of M. Lopez de Prado, Advances in Financial Machine Learning, 2.5.2.
    """

    threshold: float
    last: float = nan
    up: int = 0
    down: int = 0
    opened: bool = False

    def update(self, x: float) -> None:
        """Take the next price."""
        last, self.last = self.last, x
        if last != last:  # noqa: PLR0124 - NaN: the first price has no return
            return
        drift = round(log(x / last) * RETURN_UNITS)
        up = self.up + drift
        down = self.down + drift
        self.up = up = up if up > 0 else 0  # noqa: FURB136 - max() costs as much as all the rest
        self.down = down = down if down < 0 else 0  # noqa: FURB136
        limit = self.threshold * RETURN_UNITS
        self.opened = opened = up > limit or -down > limit
        if opened:
            self.up = self.down = 0

    def emit(self) -> float:
        """1.0 when the newest candle opened the gate."""
        return 1.0 if self.opened else 0.0

    @property
    def warmup(self) -> int:
        """How many candles must have been seen before the value is used."""
        return 2

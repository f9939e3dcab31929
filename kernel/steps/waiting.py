"""Waiting: a strategy over several markets decides when the candles of all have come (kernel/panel.py)."""

from kernel.context import CandleContext, Outcome
from kernel.skip import SkipReason

__all__ = ["Waiting"]


class Waiting:
    """Ends every candle.  Halts: INSTANT_OPEN."""

    name = "Waiting"

    def __call__(self, _context: CandleContext) -> Outcome:
        """Wait for the end of the instant."""
        return SkipReason.INSTANT_OPEN

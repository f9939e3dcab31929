"""CusumGate: most candles end here."""

from kernel.context import CandleContext, Outcome
from kernel.indicators.cusum import Cusum
from kernel.skip import SkipReason

__all__ = ["CusumGate"]


class CusumGate:
    """Ends the candle unless the CUSUM filter opened on it.

    Reads: the filter's state (updated on every candle before the steps).  Halts: GATE_CLOSED.
    """

    name = "CusumGate"

    def __init__(self, filter_: Cusum) -> None:
        self._filter = filter_

    def __call__(self, context: CandleContext) -> Outcome:
        """Pass when the gate is open."""
        return context if self._filter.opened else SkipReason.GATE_CLOSED

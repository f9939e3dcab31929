"""CusumGate: most candles end here."""

from kernel.context import CandleContext, Outcome
from kernel.features.engine import Engine
from kernel.skip import SkipReason

__all__ = ["CusumGate"]


class CusumGate:
    """Ends the candle unless the CUSUM filter opened on it.

    Reads: the filter's output, `slot` of the engine's watched values.  Halts: GATE_CLOSED.
    """

    name = "CusumGate"

    def __init__(self, engine: Engine, slot: int) -> None:
        self._watched = engine.watched
        self._slot = slot

    def __call__(self, context: CandleContext) -> Outcome:
        """Pass when the gate is open."""
        return context if self._watched(self._slot) == 1.0 else SkipReason.GATE_CLOSED

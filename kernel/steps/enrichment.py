"""Enrichment: indicator values are read here, and only here. They were updated before the gate."""

from collections.abc import Callable, Sequence

from kernel.context import CandleContext, Outcome
from kernel.skip import SkipReason

__all__ = ["Enrichment"]


class Enrichment:
    """Reads the values of the declared features, in the order in which the model wants them.

    Gives: `values`, float64, unit as each indicator states.  Halts: WARMING_UP until `warmup` candles were seen.
    """

    name = "Enrichment"

    def __init__(self, emitters: Sequence[Callable[[], float]], warmup: int) -> None:
        self._emitters = emitters
        self._warmup = warmup

    def __call__(self, context: CandleContext) -> Outcome:
        """Read every value once."""
        if context.market.seen < self._warmup:
            return SkipReason.WARMING_UP
        values = []  # a comprehension would cost another call, on every candle
        for emit in self._emitters:
            values.append(emit())  # noqa: PERF401
        context.values = values
        return context

"""Enrichment: feature values are read here, and only here. They were updated before the gate."""

from collections.abc import Callable, Sequence
from math import nan

from kernel.context import CandleContext, Outcome
from kernel.features.engine import Engine
from kernel.skip import SkipReason

__all__ = ["Enrichment"]


class Enrichment:
    """Reads the values of the wanted features, in their order. One whose group is switched off is NaN.

    Gives: `values`, float64, unit as each kind states.  Halts: WARMING_UP until every one can be there.
    """

    name = "Enrichment"

    def __init__(self, engine: Engine, wanted: Sequence[str]) -> None:
        self._emit = engine.emit if tuple(wanted) == engine.plan.names else _spread(engine, wanted)
        self._warmup = max(engine.plan.warmups, default=1)

    def __call__(self, context: CandleContext) -> Outcome:
        """Read every value once."""
        if context.market.seen < self._warmup:
            return SkipReason.WARMING_UP
        context.values = self._emit()
        return context


def _spread(engine: Engine, wanted: Sequence[str]) -> Callable[[], Sequence[float]]:
    places = {name: place for place, name in enumerate(engine.plan.names)}

    def emit() -> Sequence[float]:
        values = engine.emit()
        return [values[places[name]] if name in places else nan for name in wanted]

    return emit

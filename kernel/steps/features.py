"""FeatureEngineering: from feature values to the vector that the model was made for."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from kernel.context import CandleContext, Outcome
from kernel.skip import SkipReason

if TYPE_CHECKING:
    from kernel.features.transform import FittedTransform

__all__ = ["FeatureEngineering"]

Chosen = Callable[[Sequence[float]], Sequence[float]]


class FeatureEngineering:
    """Applies the fitted transform, if there is one, and hands on what the model reads, in the model's order.

    Gives: `features`.  Halts: FEATURE_NOT_FINITE.
    """

    name = "FeatureEngineering"

    def __init__(self, wanted: Sequence[str], transform: "FittedTransform | None", read: Sequence[str]) -> None:
        self._apply = None if transform is None else transform.apply
        self._taken = None if transform is None else len(transform.features)
        given = wanted if transform is None else [scaling.name for scaling in transform.kept]
        self._places = None if tuple(given) == tuple(read) else [list(given).index(name) for name in read]

    def __call__(self, context: CandleContext) -> Outcome:
        """Refuse NaN and infinity."""
        values = context.values if self._apply is None else self._apply(context.values[: self._taken])
        if self._places is not None:
            values = [values[place] for place in self._places]
        for value in values:
            if value - value != 0.0:
                return SkipReason.FEATURE_NOT_FINITE
        context.features = values
        return context

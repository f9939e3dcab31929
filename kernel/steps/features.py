"""FeatureEngineering: from indicator values to the vector that the model was made for."""

from math import isfinite

from kernel.context import CandleContext, Outcome
from kernel.skip import SkipReason

__all__ = ["FeatureEngineering"]


class FeatureEngineering:
    """Hands the values on as the feature vector, if every one is a number. A fitted transform will stand here.

    Gives: `features`.  Halts: FEATURE_NOT_FINITE.
    """

    name = "FeatureEngineering"

    def __call__(self, context: CandleContext) -> Outcome:
        """Refuse NaN and infinity: a sum with one of them in it is not finite."""
        values = context.values
        if not isfinite(sum(values)):
            return SkipReason.FEATURE_NOT_FINITE
        context.features = values
        return context

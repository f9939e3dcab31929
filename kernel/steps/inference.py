"""Inference: what the model says, and whether that is anything new."""

from kernel.context import CandleContext, Outcome, Predict
from kernel.skip import SkipReason

__all__ = ["Inference"]


class Inference:
    """Asks the model. A candle ends here when the model has no opinion, or wants what is already wanted.

    Gives: `prediction`.  Halts: NO_OPINION, TARGET_UNCHANGED.
    """

    name = "Inference"

    def __init__(self, predict: Predict) -> None:
        self._predict = predict

    def __call__(self, context: CandleContext) -> Outcome:
        """Compare the model's side with the present one."""
        prediction = self._predict(context.features)
        if prediction is None:
            return SkipReason.NO_OPINION
        if prediction.direction == context.position.direction:
            return SkipReason.TARGET_UNCHANGED
        context.prediction = prediction
        return context

"""What fell far below its mean comes back."""

from collections.abc import Sequence
from typing import Any

import msgspec

from kernel.models.prediction import FLAT, NO_OPINION, Prediction

__all__ = ["MeanReversion"]


class MeanReversion(msgspec.Struct, frozen=True, tag_field="kind", tag="mean_reversion", forbid_unknown_fields=True):
    """Long when the z-score feature `score` is at or below -entry, flat when at or above -exit; else no opinion.

    The confidence grows from 0.5 at the entry to 1 at twice the entry.
    """

    score: str
    entry: float = 2.0
    exit: float = 0.0

    @property
    def inputs(self) -> tuple[str, ...]:
        """The features it reads, in the order in which `predict` gets them."""
        return (self.score,)

    def directions(self, columns: Any) -> Any:
        """The same for whole columns, one for each input: directions as int8, NO_OPINION where there is none."""
        (score,) = columns
        sides = (score <= -self.entry).astype("int8")
        sides[(score > -self.entry) & (score < -self.exit)] = NO_OPINION
        return sides

    def predict(self, values: Sequence[float]) -> Prediction | None:
        """Long below the entry, flat above the exit."""
        (score,) = values
        if score <= -self.entry:
            return Prediction(1, min(1.0, -score / (2.0 * self.entry)))
        if score >= -self.exit:
            return FLAT
        return None

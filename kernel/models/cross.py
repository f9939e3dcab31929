"""One line crosses another."""

from collections.abc import Sequence
from typing import Any

import msgspec

from kernel.models.prediction import FLAT, LONG, NO_OPINION, Prediction

__all__ = ["Cross"]


class Cross(msgspec.Struct, frozen=True, tag_field="kind", tag="cross", forbid_unknown_fields=True):
    """Long while `fast` is above `slow`, flat while below; no opinion where they are equal. Both name features."""

    fast: str
    slow: str

    @property
    def inputs(self) -> tuple[str, ...]:
        """The features it reads, in the order in which `predict` gets them."""
        return (self.fast, self.slow)

    def directions(self, columns: Any) -> Any:
        """The same for whole columns, one for each input: directions as int8, NO_OPINION where there is none."""
        fast, slow = columns
        sides = (fast > slow).astype("int8")
        sides[fast == slow] = NO_OPINION
        return sides

    def predict(self, values: Sequence[float]) -> Prediction | None:
        """The side on which `fast` stands."""
        fast, slow = values
        return LONG if fast > slow else FLAT if fast < slow else None

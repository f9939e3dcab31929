"""One line crosses another."""

from collections.abc import Sequence

import msgspec

from kernel.models.prediction import FLAT, LONG, Prediction

__all__ = ["Cross"]


class Cross(msgspec.Struct, frozen=True, tag_field="kind", tag="cross", forbid_unknown_fields=True):
    """Long while `fast` is above `slow`, flat while below; no opinion where they are equal. Both name features."""

    fast: str
    slow: str

    @property
    def inputs(self) -> tuple[str, ...]:
        """The features it reads, in the order in which `predict` gets them."""
        return (self.fast, self.slow)

    def predict(self, values: Sequence[float]) -> Prediction | None:
        """The side on which `fast` stands."""
        fast, slow = values
        return LONG if fast > slow else FLAT if fast < slow else None

"""A price leaves the range in which it has moved."""

from collections.abc import Sequence
from typing import Any

import msgspec

from kernel.models.prediction import FLAT, LONG, NO_OPINION, SHORT, Prediction

__all__ = ["Breakout"]


class Breakout(msgspec.Struct, frozen=True, tag_field="kind", tag="breakout", forbid_unknown_fields=True):
    """Long when the feature `price` is above `high`; when it is below `low` flat, or short with `both_sides`.

    No opinion inside the range. `high` and `low` are features of the candles before, the
    highest high of a day lagged by one, say: a range that holds the candle itself is never left.
    """

    price: str
    high: str
    low: str
    both_sides: bool = False

    @property
    def inputs(self) -> tuple[str, ...]:
        """The features it reads, in the order in which `predict` gets them."""
        return (self.price, self.high, self.low)

    def directions(self, columns: Any) -> Any:
        """The same for whole columns, one for each input: directions as int8, NO_OPINION where there is none."""
        price, high, low = columns
        sides = (price > high).astype("int8")
        sides[~(price > high)] = NO_OPINION
        sides[(price < low) & ~(price > high)] = -1 if self.both_sides else 0
        return sides

    def predict(self, values: Sequence[float]) -> Prediction | None:
        """The side on which the price left its range."""
        price, high, low = values
        if price > high:
            return LONG
        if price < low:
            return SHORT if self.both_sides else FLAT
        return None

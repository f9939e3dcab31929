"""Holds the strongest of several markets."""

from collections.abc import Mapping, Sequence
from typing import Annotated

import msgspec

from kernel.models.prediction import FLAT, LONG, Prediction

__all__ = ["Rotation"]


class Rotation(msgspec.Struct, frozen=True, tag_field="kind", tag="rotation", forbid_unknown_fields=True):
    """Long in the `hold` markets whose feature `score` is highest and above `at_least`, flat in all others.

    It decides once for all markets, when every candle that closes at a time has come, and only at times that are
    multiples of `minutes` of the UTC clock. Equal scores: the market that comes first in symbol order. A market that is
    still warming up, or whose score is no finite number, is left as it is.
    """

    score: str
    hold: Annotated[int, msgspec.Meta(ge=1)] = 1
    at_least: float = 0.0
    minutes: Annotated[int, msgspec.Meta(ge=1)] = 1

    @property
    def inputs(self) -> tuple[str, ...]:
        """The features it reads of every market."""
        return (self.score,)

    def predict_all(self, values: Mapping[str, Sequence[float]]) -> Mapping[str, Prediction]:
        """What is wanted of each market, from the features of all."""
        scores = {symbol: read[0] for symbol, read in values.items()}
        strong = [symbol for symbol in sorted(scores, key=lambda s: (-scores[s], s)) if scores[symbol] > self.at_least]
        held = set(strong[: self.hold])
        return {symbol: LONG if symbol in held else FLAT for symbol in scores}

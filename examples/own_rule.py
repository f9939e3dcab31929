"""An example of a user's own rule: buy a deep dip, and leave when it has come back or patience has run out."""

from collections.abc import Sequence
from typing import ClassVar

import msgspec

from kernel.models.prediction import FLAT, LONG, Prediction
from kernel.models.rule import Rule
from kernel.state import Market, Position


class Memory(msgspec.Struct):
    """What the rule remembers between candles. It is part of every snapshot."""

    candles_held: int = 0


class BuyTheDip(Rule):
    """Long when the score is below -dip; flat when it is above zero, or after `patience` candles in the position."""

    inputs: ClassVar[tuple[str, ...]] = ("score",)

    def __init__(self, dip: float, patience: int) -> None:
        self.dip = dip
        self.patience = patience
        self.memory = Memory()

    def predict(self, values: Sequence[float], _market: Market, position: Position) -> Prediction | None:
        """Decide from the score, and from how long the position has been held."""
        (score,) = values
        self.memory.candles_held = self.memory.candles_held + 1 if position.quantity else 0
        if position.quantity and (score > 0 or self.memory.candles_held > self.patience):
            return FLAT
        return LONG if score < -self.dip else None

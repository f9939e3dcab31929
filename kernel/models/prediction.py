"""What a model says."""

import msgspec

__all__ = ["FLAT", "LONG", "NO_OPINION", "SHORT", "Prediction"]

NO_OPINION = 2  # among the directions of a block


class Prediction(msgspec.Struct, frozen=True, gc=False):
    """`direction`: 1 long, 0 flat, -1 short. `confidence`: 0 to 1."""

    direction: int
    confidence: float


LONG = Prediction(1, 1.0)
FLAT = Prediction(0, 1.0)
SHORT = Prediction(-1, 1.0)

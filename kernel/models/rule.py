"""A user's own rule: a Python class that a strategy file names."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

import msgspec

from kernel.models.prediction import Prediction
from kernel.state import Market, Position

__all__ = ["PythonRule", "Rule"]


class Rule(ABC):
    """Subclass it, name the features it reads in `inputs`, and decide in `predict`.

    Unlike a model, a rule may look at its market (last price) and its position; it must not change them. What it wants
    to remember between candles it keeps in `memory`, a msgspec Struct (dicts with text keys) that its `__init__` makes,
    so that a snapshot holds it and no two markets share it. It reads no clock, no file and no random source: replay
    would differ, and `candled replay --verify` would say so.
    """

    inputs: ClassVar[tuple[str, ...]] = ()
    memory: msgspec.Struct | None = None

    @abstractmethod
    def predict(self, values: Sequence[float], market: Market, position: Position) -> Prediction | None:
        """The wanted side, or None for no opinion. `values` are the features of `inputs`, in that order."""


class PythonRule(msgspec.Struct, frozen=True, tag_field="kind", tag="python", forbid_unknown_fields=True):
    """Where the class is (`file.py:Class`, relative to the strategy file) and what its constructor gets."""

    source: str
    parameters: dict[str, int | float | str | bool] = {}

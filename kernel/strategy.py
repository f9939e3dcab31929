"""What a strategy file can say: features, gate, model, filters, execution. Decoded strictly; every default is here."""

from decimal import Decimal
from typing import Annotated, Literal

import msgspec

from kernel.models.cross import Cross
from kernel.models.mean_reversion import MeanReversion
from kernel.models.rule import PythonRule

__all__ = ["Cooldown", "Execution", "Feature", "Filter", "Gate", "MinConfidence", "Session", "Strategy"]

Column = Literal["open", "high", "low", "close", "volume"]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Count = Annotated[int, msgspec.Meta(ge=1)]
Hour = Annotated[int, msgspec.Meta(ge=0, le=24)]


class Feature(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One number that models can read: an indicator kind over a column of the candles."""

    name: str
    kind: Literal["ema", "zscore"]
    period: Annotated[int, msgspec.Meta(ge=1, le=100_000)]
    input: Column = "close"


class Gate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The CUSUM gate: candles pass when log returns have drifted by more than `threshold` since it last opened."""

    threshold: Annotated[float, msgspec.Meta(gt=0)] = 0.0015


class MinConfidence(msgspec.Struct, frozen=True, tag_field="kind", tag="min_confidence", forbid_unknown_fields=True):
    """Lets a prediction pass whose confidence is at least this. Leaving a position is never held back."""

    at_least: Share


class Cooldown(msgspec.Struct, frozen=True, tag_field="kind", tag="cooldown", forbid_unknown_fields=True):
    """Holds back an entry within this many market messages after the last decision on the symbol."""

    candles: Count


class Session(msgspec.Struct, frozen=True, tag_field="kind", tag="session", forbid_unknown_fields=True):
    """Lets entries pass on candles that open between two hours of the UTC day; wraps past midnight when from > to."""

    from_hour: Hour
    to_hour: Hour


Filter = MinConfidence | Cooldown | Session


class Execution(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How large a position is: `quantity` base units for direction 1."""

    quantity: Decimal


class Strategy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A strategy: its name is in every decision, order and position."""

    name: str
    features: tuple[Feature, ...]
    model: Cross | MeanReversion | PythonRule
    execution: Execution
    gate: Gate | None = None
    filters: tuple[Filter, ...] = ()

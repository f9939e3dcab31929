"""What a strategy file can say: features, gate, model, filters, execution, exits, limits. Decoded strictly."""

from decimal import Decimal
from typing import Annotated

import msgspec

from kernel.brackets import Entry, Exits
from kernel.features.declaration import Feature
from kernel.limits import Limits
from kernel.models.breakout import Breakout
from kernel.models.cross import Cross
from kernel.models.mean_reversion import MeanReversion
from kernel.models.rotation import Rotation
from kernel.models.rule import PythonRule
from kernel.sizing import Sizing, VolatilityTarget

__all__ = ["Cooldown", "Execution", "Filter", "Gate", "Levers", "MinConfidence", "Model", "Session", "Strategy"]

Positive = Annotated[float, msgspec.Meta(gt=0)]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Count = Annotated[int, msgspec.Meta(ge=1)]
Hour = Annotated[int, msgspec.Meta(ge=0, le=24)]


class Gate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The CUSUM gate: candles pass when log returns have drifted by more than `threshold` since it last opened.

    `symbols` has other thresholds for some symbols. With `volatility`, a feature's name, a threshold counts in units of
    that feature: 3.0 is three times the volatility of the moment.
    """

    threshold: Positive = 0.0015
    volatility: str = ""
    symbols: dict[str, Positive] = {}


class MinConfidence(msgspec.Struct, frozen=True, tag_field="kind", tag="min_confidence", forbid_unknown_fields=True):
    """Lets a prediction pass whose confidence is at least this. Leaving a position is never held back."""

    at_least: Share
    name: str = "min_confidence"


class Cooldown(msgspec.Struct, frozen=True, tag_field="kind", tag="cooldown", forbid_unknown_fields=True):
    """Holds back an entry within this many market messages after the last decision on the symbol."""

    candles: Count
    name: str = "cooldown"


class Session(msgspec.Struct, frozen=True, tag_field="kind", tag="session", forbid_unknown_fields=True):
    """Lets entries pass on candles that open between two hours of the UTC day; wraps past midnight when from > to."""

    from_hour: Hour
    to_hour: Hour
    name: str = "session"


Filter = MinConfidence | Cooldown | Session
Model = Cross | MeanReversion | Breakout | Rotation | PythonRule


class Levers(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one run of a strategy does otherwise than another: the arms of an A/B comparison (kernel/levers.py).

    `groups` of features and `filters`, by name, are on unless they are false here; `gate` false takes the gate away;
    `model` names one of the strategy's further models.
    """

    groups: dict[str, bool] = {}
    filters: dict[str, bool] = {}
    gate: bool = True
    model: str = ""


class Execution(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How large a position is, one of the two: `quantity` base units, or as `sizing` says. `entry` opens it."""

    quantity: Decimal | None = None
    sizing: Sizing | None = None
    entry: Entry = Entry()


class Strategy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A strategy: its name is in every decision, order and position.

    `features` may declare some of its own; those of the catalogue are known by name. `transform` is the digest of a
    fitted transform, whose features are then what is computed, and whose kept features are what the model reads.
    `symbols` are the markets of the run that it trades, all where it names none; `limits` are its own, beside the
    account's.
    """

    name: str
    model: Model
    execution: Execution
    features: tuple[Feature, ...] = ()
    gate: Gate | None = None
    filters: tuple[Filter, ...] = ()
    transform: str = ""
    models: dict[str, Model] = {}
    levers: Levers = Levers()
    exits: Exits = Exits()
    limits: Limits = Limits()
    symbols: tuple[str, ...] = ()

    @property
    def measures(self) -> tuple[str, ...]:
        """The features that sizes and exits are measured in, beside those that the model reads."""
        sizing = self.execution.sizing
        volatility = sizing.volatility if isinstance(sizing, VolatilityTarget) else ""
        return tuple(dict.fromkeys(name for name in (volatility, self.exits.unit) if name))

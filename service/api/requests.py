"""What may be asked and ordered, as types: decoded strictly, an unknown key is an error that names it."""

from decimal import Decimal
from typing import Annotated, Any

import msgspec

from kernel.limits import Limits
from kernel.money import canonical_text, parse

__all__ = [
    "Acting", "AmountLimits", "CancelAll", "DecisionsQuery", "EventsQuery", "ExplainQuery", "FeatureSwitch", "Flatten",
    "GroupName", "IdempotencyKey", "NewLimits", "NoQuery", "OrderNumber", "OrdersQuery", "Trading", "limits_of",
    "written",
]  # fmt: skip

_END = r"$(?!\n)"  # of a text in the JSON schema's dialect and in Python's, where $ leaves room for a newline
Name = Annotated[str, msgspec.Meta(max_length=200)]
Actor = Annotated[
    str,
    msgspec.Meta(max_length=64, pattern=rf"^[ -~]*{_END}", description="Who wants it, for the log; printable ASCII."),
]
Confirmed = Annotated[bool, msgspec.Meta(description="Must be true.")]
Amount = Annotated[str, msgspec.Meta(pattern=rf"^[0-9]{{1,20}}(\.[0-9]{{1,18}})?{_END}", max_length=39)]
Count = Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]
OrderNumber = Annotated[int, msgspec.Meta(ge=1, le=2**53)]
GroupName = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
IdempotencyKey = Annotated[str, msgspec.Meta(pattern=rf"^[A-Za-z0-9._~:=-]{{1,64}}{_END}")]


class Acting(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A command that needs no more than its path says."""

    actor: Actor = ""


class Trading(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A command for one strategy, or ("") for all."""

    strategy: Name = ""
    actor: Actor = ""


class Flatten(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Cancel every order and close every position of one strategy, or ("") of all; then send nothing."""

    confirm: Confirmed
    strategy: Name = ""
    actor: Actor = ""


class CancelAll(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Cancel every live order: of one strategy, in one market, or ("") of all."""

    strategy: Name = ""
    symbol: Name = ""
    actor: Actor = ""


class AmountLimits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The limits of docs/risk.md, amounts as decimal text. null is no limit."""

    max_position: Amount | None = None
    max_order_notional: Amount | None = None
    max_symbol_notional: Amount | None = None
    max_gross_exposure: Amount | None = None
    max_net_exposure: Amount | None = None
    max_leverage: Amount | None = None
    max_open_orders: Count | None = None
    max_orders_per_minute: Count | None = None
    price_band: Amount | None = None
    max_candle_age_minutes: Count | None = None


class NewLimits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The limits of a strategy, or ("") of the account, from now on: all of them. One that is left out is none."""

    limits: AmountLimits
    strategy: Name = ""
    actor: Actor = ""


class FeatureSwitch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Compute a group of features from the next candle on, or no longer."""

    enabled: bool
    actor: Actor = ""


class NoQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Nothing can be said in the query."""


class OrdersQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`ended` adds the newest orders that have ended, as far as the kernel remembers them."""

    ended: bool = False
    limit: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 1_000


class DecisionsQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many of the newest decisions."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=1_000)] = 100


class ExplainQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A time, and which market and strategy, where there are several."""

    at: Annotated[str, msgspec.Meta(min_length=1, max_length=40, description="ISO 8601; UTC without an offset")]
    symbol: Name = ""
    strategy: Name = ""


class EventsQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Only entries of these types, with commas between them: OrderFilled,PositionChanged. "" is all."""

    types: Annotated[str, msgspec.Meta(max_length=2_000)] = ""


def limits_of(text: AmountLimits) -> Limits:
    """The limits that were written."""
    given = msgspec.structs.asdict(text)
    made: dict[str, Any] = {n: parse(value) if isinstance(value, str) else value for n, value in given.items()}
    return Limits(**made)


def written(limits: Limits) -> AmountLimits:
    """Limits, as text."""
    given = msgspec.structs.asdict(limits)
    made: dict[str, Any] = {n: canonical_text(v) if isinstance(v, Decimal) else v for n, v in given.items()}
    return AmountLimits(**made)

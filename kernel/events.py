"""What the kernel derives from messages, in the past tense. Events are the state transitions: `evolve` folds them.

Every decision, order and position names its strategy. `candle`, `first` and `last` are ordinals of market messages.
"""

from decimal import Decimal
from typing import ClassVar, Literal

import msgspec

__all__ = [
    "CancelRequested", "CandlesSkipped", "DecisionMade", "EquityMarked", "Event", "FeatureGroupSwitched",
    "OrderRequested", "PositionChanged", "ReportRefused", "RiskRefused", "Side",
]  # fmt: skip

Side = Literal["buy", "sell"]


class CandlesSkipped(msgspec.Struct, frozen=True, tag=True):
    """Consecutive market messages on which nothing was decided, folded into one record.

    `counts` maps a skip reason to its number, in alphabetical order; `reasons_hash` is the sha256 of one byte per
    candle, the reason's code, so that no single skip can be altered unseen.
    """

    schema_version: ClassVar[int] = 1
    ts: int
    strategy: str
    first: int
    last: int
    counts: dict[str, int]
    reasons_hash: str


class DecisionMade(msgspec.Struct, frozen=True, tag=True, gc=False):
    """The model wants another position than the present one, and every filter let it pass.

    `model` is the hash of the model, `direction` its word: 1 long, 0 flat, -1 short; `features_digest` the sha256 of
    the feature vector's float64 bytes, `target` the wanted position in base units, signed.
    """

    schema_version: ClassVar[int] = 1
    ts: int
    strategy: str
    symbol: str
    candle: int
    model: str
    direction: int
    confidence: float
    features_digest: str
    target: Decimal


class OrderRequested(msgspec.Struct, frozen=True, tag=True, gc=False):
    """An order that risk approved; `quantity` in base units. Durable first, then dispatched: it is the outbox."""

    schema_version: ClassVar[int] = 1
    ts: int
    strategy: str
    symbol: str
    candle: int
    order: int
    side: Side
    kind: Literal["market"]
    quantity: Decimal


class CancelRequested(msgspec.Struct, frozen=True, tag=True, gc=False):
    """The kernel wants a live order gone."""

    schema_version: ClassVar[int] = 1
    ts: int
    strategy: str
    symbol: str
    order: int


class RiskRefused(msgspec.Struct, frozen=True, tag=True, gc=False):
    """Risk did not approve a target. `reason` is a stable code, `detail` the figures."""

    schema_version: ClassVar[int] = 1
    ts: int
    strategy: str
    symbol: str
    candle: int
    target: Decimal
    reason: str
    detail: str


class PositionChanged(msgspec.Struct, frozen=True, tag=True, gc=False):
    """A fill was booked. All amounts are those after it, but `realized_profit` and `fee`, which are this fill's own.

    `cost` is what the open position was bought for, in quote, fees excluded; balances are the account's.
    """

    schema_version: ClassVar[int] = 1
    ts: int
    strategy: str
    symbol: str
    order: int
    quantity: Decimal
    cost: Decimal
    realized_profit: Decimal
    fee: Decimal
    fee_asset: str
    base_balance: Decimal
    quote_balance: Decimal


class EquityMarked(msgspec.Struct, frozen=True, tag=True, gc=False):
    """The account's worth in `currency` at the last prices: at each fill, each new UTC day, and the market's end."""

    schema_version: ClassVar[int] = 1
    ts: int
    cause: Literal["fill", "day", "end"]
    currency: str
    cash: Decimal
    equity: Decimal


class FeatureGroupSwitched(msgspec.Struct, frozen=True, tag=True, gc=False):
    """A group of features is computed, or no longer; `changed` is false where it was so before."""

    schema_version: ClassVar[int] = 1
    ts: int
    group: str
    enabled: bool
    changed: bool


class ReportRefused(msgspec.Struct, frozen=True, tag=True, gc=False):
    """A venue's report that the order's state does not allow. Nothing was booked; the order is quarantined."""

    schema_version: ClassVar[int] = 1
    ts: int
    order: int
    report: str
    reason: str


Event = (
    CandlesSkipped
    | DecisionMade
    | OrderRequested
    | CancelRequested
    | RiskRefused
    | PositionChanged
    | EquityMarked
    | FeatureGroupSwitched
    | ReportRefused
)

"""What the kernel derives from messages, in the past tense. Events are the state transitions: `evolve` folds them.

Every decision, order and position names its strategy. `candle`, `first` and `last` are ordinals of market messages.
"""

from decimal import Decimal
from typing import ClassVar, Literal

import msgspec

from kernel.limits import Limits
from kernel.messages import TradingState

__all__ = [
    "CancelRequested", "CandlesSkipped", "CommandRefused", "DecisionMade", "EquityMarked", "Event",
    "FeatureGroupSwitched", "LimitsChanged", "OrderKind", "OrderRequested", "PositionChanged", "Purpose",
    "ReportRefused", "RiskRefused", "Side", "TimeInForce", "TradingStateChanged",
]  # fmt: skip

Side = Literal["buy", "sell"]
OrderKind = Literal["market", "limit", "stop_market", "stop_limit", "take_profit", "trailing_stop"]
TimeInForce = Literal["gtc", "ioc", "fok", "gtd", "day"]
Purpose = Literal["entry", "exit", "stop", "target", "trailing", "time", "protection", "command"]


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


class OrderRequested(msgspec.Struct, frozen=True, tag=True, gc=False, omit_defaults=True):
    """An order that risk approved; `quantity` in base units. Durable first, then dispatched: it is the outbox.

    `price` is a limit's, `trigger` that of a stop or take-profit (it becomes a market order there, a stop_limit a limit
    at `price`). A trailing_stop follows the best price since it began at a distance of `trail` in quote per base, or of
    the share `trail_rate` of that price. `expires_at` (ns, UTC) belongs to gtd and day.

    `purpose` says why it exists. An order with a `parent` waits until that one is filled, is as large as its fills, and
    ends with it when it ends unfilled. Orders of one `group` (the number of its first) share one quantity: what one
    fills, the others lose. It takes the place of the order `replaces`. 0 means none, for each of the three. Once a
    close has come to `advance_at`, the kernel replaces a stop by one at `advance_to`; the venue need not know.
    """

    schema_version: ClassVar[int] = 1
    ts: int
    strategy: str
    symbol: str
    candle: int
    order: int
    side: Side
    kind: OrderKind
    quantity: Decimal
    purpose: Purpose = "entry"
    price: Decimal | None = None
    trigger: Decimal | None = None
    trail: Decimal | None = None
    trail_rate: Decimal | None = None
    time_in_force: TimeInForce = "gtc"
    expires_at: int = 0
    post_only: bool = False
    reduce_only: bool = False
    parent: int = 0
    group: int = 0
    replaces: int = 0
    advance_at: Decimal | None = None
    advance_to: Decimal | None = None


class CancelRequested(msgspec.Struct, frozen=True, tag=True, gc=False):
    """The kernel wants a live order gone. `reason` is what made it want that: a purpose, or a command."""

    schema_version: ClassVar[int] = 1
    ts: int
    strategy: str
    symbol: str
    order: int
    reason: str


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
    """The account's worth in `currency` at the last prices: at each fill, each new UTC day, and the market's end.

    An account that begins with other assets is marked once more, as `open`, when all of them have a price; and one
    whose drawdown is over as `resumed`, from which its peak begins anew.
    """

    schema_version: ClassVar[int] = 1
    ts: int
    cause: Literal["open", "fill", "day", "resumed", "end"]
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
    """A venue's report that the order's state does not allow. Nothing was booked.

    Where the report contradicts what is known, the order is `quarantined`: its strategy enters that market no more
    before an operator has looked. A repeated report contradicts nothing.
    """

    schema_version: ClassVar[int] = 1
    ts: int
    order: int
    report: str
    reason: str
    quarantined: bool


class TradingStateChanged(msgspec.Struct, frozen=True, tag=True, gc=False):
    """What may be sent changed: for the account, one strategy, or one of its markets ("" means all).

    With `flatten` every order it covers is canceled, and every position closed.

    `cause` is a protection's kind, or `command`; what a protection had set is over when it comes with `active`. `until`
    (ns, UTC) is when it will be over by itself, 0 never; `detail` has the figures.
    """

    schema_version: ClassVar[int] = 1
    ts: int
    strategy: str
    symbol: str
    state: TradingState
    cause: str
    until: int
    detail: str
    flatten: bool


class LimitsChanged(msgspec.Struct, frozen=True, tag=True):
    """From now on these limits, all of them, hold for a strategy, or ("") for the account; `actor` wanted that."""

    schema_version: ClassVar[int] = 1
    ts: int
    strategy: str
    limits: Limits
    actor: str


class CommandRefused(msgspec.Struct, frozen=True, tag=True, gc=False):
    """An operator's command that cannot be carried out: a stable code, and the figures."""

    schema_version: ClassVar[int] = 1
    ts: int
    command: str
    reason: str
    detail: str


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
    | TradingStateChanged
    | LimitsChanged
    | CommandRefused
)

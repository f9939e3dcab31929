"""The rows of the projections, column for column as the tables have them (tables.py)."""

from decimal import Decimal
from typing import NamedTuple

__all__ = ["DecisionRow", "EquityRow", "FillRow", "OrderRow", "PositionRow", "TradingStateRow"]


class OrderRow(NamedTuple):
    """An order as it stands; `seq` and `ts` are those of its request, `reason` is why it ended or went unknown.

    `filled_quantity` counts what the order that it `replaces` had filled by then. `quarantined` stays true, also when
    an operator has lifted the quarantine.
    """

    stream_id: int
    order_id: int
    seq: int
    ts: int
    strategy: str
    symbol: str
    side: str
    kind: str
    quantity: Decimal
    filled_quantity: Decimal
    state: str
    venue_order_id: str | None
    reason: str | None
    purpose: str
    price: Decimal | None
    trigger: Decimal | None
    trail: Decimal | None
    trail_rate: Decimal | None
    time_in_force: str
    expires_at: int | None
    post_only: bool
    reduce_only: bool
    parent: int | None
    group_id: int | None
    replaces: int | None
    quarantined: bool


class FillRow(NamedTuple):
    """A booked trade. `price` and `slippage` in quote per base, `quantity` in base."""

    stream_id: int
    seq: int
    ts: int
    order_id: int
    trade_id: str
    price: Decimal
    quantity: Decimal
    fee: Decimal
    fee_asset: str
    liquidity: str
    slippage: Decimal
    ambiguous: bool


class PositionRow(NamedTuple):
    """A strategy's position as it stands after record `seq`; `realized_profit` is the sum since the stream began.

    The balances are the account's at that record, which its other strategies may have moved since.
    """

    stream_id: int
    strategy: str
    symbol: str
    seq: int
    ts: int
    quantity: Decimal
    cost: Decimal
    realized_profit: Decimal
    base_balance: Decimal
    quote_balance: Decimal


class DecisionRow(NamedTuple):
    """A decision, field for field."""

    stream_id: int
    seq: int
    ts: int
    strategy: str
    symbol: str
    candle: int
    model: str
    direction: int
    confidence: float
    features_digest: str
    target: Decimal


class EquityRow(NamedTuple):
    """The account's worth at a time."""

    stream_id: int
    seq: int
    ts: int
    cause: str
    currency: str
    cash: Decimal
    equity: Decimal


class TradingStateRow(NamedTuple):
    """What may be sent changed: for the account, a strategy, or a market ("" means all); `until` None is for good."""

    stream_id: int
    seq: int
    ts: int
    strategy: str
    symbol: str
    state: str
    cause: str
    until: int | None
    flatten: bool
    detail: str

"""Messages and events as rows of the projections. Pure: a fold over what a batch touches, in the log's order.

Orders and positions are rows that change, so those that a batch touches are handed in as they stand; fills, decisions
and equity are rows that are only added. What the kernel refused is nowhere booked here either.
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec

from kernel.events import CancelRequested, DecisionMade, EquityMarked, OrderRequested, PositionChanged, ReportRefused
from kernel.messages import (
    OrderAccepted,
    OrderCanceled,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    OrderUnknown,
    Report,
)
from kernel.money import ZERO, add
from kernel.orders import TRANSITIONS, TRIGGERS, OrderState, Trigger

__all__ = ["PROJECTED", "DecisionRow", "Entry", "EquityRow", "FillRow", "OrderRow", "PositionRow", "Rows"]

Entry = tuple[int, msgspec.Struct]
"""A record's seq, and the message or event in it."""


class OrderRow(NamedTuple):
    """An order as it stands; `seq` and `ts` are those of its request."""

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


class FillRow(NamedTuple):
    """A booked trade. `price` in quote per base, `quantity` in base."""

    stream_id: int
    seq: int
    ts: int
    order_id: int
    trade_id: str
    price: Decimal
    quantity: Decimal
    fee: Decimal
    fee_asset: str


class PositionRow(NamedTuple):
    """A strategy's position as it stands after record `seq`; `realized_profit` is the sum since the stream began."""

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


_REPORTS = frozenset(Report.__args__)
_OF_AN_ORDER = frozenset((*_REPORTS, OrderRequested, CancelRequested))
_DERIVED = (DecisionMade, OrderRequested, CancelRequested, PositionChanged, EquityMarked, ReportRefused)
PROJECTED = frozenset(kind.__name__ for kind in (*_REPORTS, *_DERIVED))
"""The types that the projections are made from; records of other types need not be decoded."""


class Rows:
    """The rows of one stream that a batch of whole turns touches.

    `order_ids` and `symbols` say which rows to hand in by `stands` before `fold`.
    """

    def __init__(self, stream_id: int, entries: Sequence[Entry]) -> None:
        self._stream_id = stream_id
        self._entries = _without_refused(entries)
        self.orders: dict[int, OrderRow] = {}
        self.positions: dict[tuple[str, str], PositionRow] = {}
        self.fills: list[FillRow] = []
        self.decisions: list[DecisionRow] = []
        self.equity: list[EquityRow] = []

    def order_ids(self) -> list[int]:
        """The orders that change."""
        return sorted({entry.order for _, entry in self._entries if entry.__class__ in _OF_AN_ORDER})  # type: ignore[attr-defined]

    def symbols(self) -> list[str]:
        """The symbols whose positions change."""
        return sorted({entry.symbol for _, entry in self._entries if isinstance(entry, PositionChanged)})

    def stands(self, orders: Iterable[OrderRow], positions: Iterable[PositionRow]) -> None:
        """Begin from these rows."""
        self.orders.update((row.order_id, row) for row in orders)
        self.positions.update(((row.strategy, row.symbol), row) for row in positions)

    def fold(self) -> None:
        """Fold the batch into the rows. A report about an order that the stream never requested changes none."""
        for seq, entry in self._entries:
            self._fold(seq, entry)

    def _fold(self, seq: int, entry: Any) -> None:
        stream = self._stream_id
        match entry:
            case DecisionMade():
                self.decisions.append(DecisionRow(stream, seq, *msgspec.structs.astuple(entry)))
            case EquityMarked():
                self.equity.append(EquityRow(stream, seq, *msgspec.structs.astuple(entry)))
            case PositionChanged():
                self._change_position(seq, entry)
            case OrderRequested() as e:
                self.orders[e.order] = OrderRow(
                    stream, e.order, seq, e.ts, e.strategy, e.symbol, e.side, e.kind, e.quantity, ZERO,
                    str(OrderState.REQUESTED), None, None,
                )  # fmt: skip
            case OrderFilled() as e:
                self._fill_order(e)
                self.fills.append(
                    FillRow(stream, seq, e.ts, e.order, e.trade_id, e.price, e.quantity, e.fee, e.fee_asset)
                )
            case OrderAccepted():
                self._move(entry.order, TRIGGERS[OrderAccepted], venue_order_id=entry.venue_order_id)
            case OrderRejected():
                self._move(entry.order, TRIGGERS[OrderRejected], reason=entry.code)
            case OrderCanceled() | OrderExpired() | OrderUnknown():
                self._move(entry.order, TRIGGERS[entry.__class__], reason=entry.reason)
            case CancelRequested():
                self._move(entry.order, Trigger.CANCEL_REQUESTED)

    def _change_position(self, seq: int, event: PositionChanged) -> None:
        key = event.strategy, event.symbol
        before = self.positions.get(key)
        profit = add(before.realized_profit, event.realized_profit) if before else event.realized_profit
        self.positions[key] = PositionRow(
            self._stream_id, *key, seq, event.ts, event.quantity, event.cost, profit, event.base_balance,
            event.quote_balance,
        )  # fmt: skip

    def _fill_order(self, fill: OrderFilled) -> None:
        if order := self.orders.get(fill.order):
            filled = add(order.filled_quantity, fill.quantity)
            trigger = Trigger.FILLED if filled >= order.quantity else Trigger.PARTLY_FILLED
            self._move(fill.order, trigger, filled_quantity=filled)

    def _move(self, order_id: int, trigger: Trigger, **columns: Any) -> None:
        if order := self.orders.get(order_id):
            state = TRANSITIONS[OrderState(order.state)][trigger] or order.state
            self.orders[order_id] = order._replace(state=str(state), **columns)


def _without_refused(entries: Sequence[Entry]) -> list[Entry]:
    """The batch without the reports that the kernel refused: a refusal directly follows its report."""
    kept: list[Entry] = []
    for seq, entry in entries:
        if not isinstance(entry, ReportRefused):
            kept.append((seq, entry))
        elif kept and kept[-1][1].__class__ in _REPORTS:
            kept.pop()
    return kept

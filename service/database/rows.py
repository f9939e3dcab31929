"""Messages and events as rows of the projections. Pure: a fold over what a batch touches, in the log's order.

Orders and positions are rows that change, so those that a batch touches are handed in as they stand; the others are
rows that are only added. What the kernel refused is nowhere booked here either. None, NULL in SQL, is what a message
writes as 0 where there is no such number or no such time.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from kernel.events import (
    CancelRequested,
    DecisionMade,
    EquityMarked,
    OrderRequested,
    PositionChanged,
    ReportRefused,
    TradingStateChanged,
)
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
from kernel.orders import TERMINAL, TRANSITIONS, TRIGGERS, OrderState, Trigger
from service.database.row_types import DecisionRow, EquityRow, FillRow, OrderRow, PositionRow, TradingStateRow

__all__ = ["PROJECTED", "Entry", "Rows"]

Entry = tuple[int, msgspec.Struct]
"""A record's seq, and the message or event in it."""


_REPORTS = frozenset(Report.__args__)
_OF_AN_ORDER = frozenset((*_REPORTS, OrderRequested, CancelRequested, ReportRefused))
_DERIVED = (
    DecisionMade, OrderRequested, CancelRequested, PositionChanged, EquityMarked, ReportRefused, TradingStateChanged,
)  # fmt: skip
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
        self._replacing: dict[int, list[int]] = {}  # by the order that they replace
        self._stood: tuple[dict[int, OrderRow], dict[tuple[str, str], PositionRow]] = {}, {}
        self.fills: list[FillRow] = []
        self.decisions: list[DecisionRow] = []
        self.equity: list[EquityRow] = []
        self.trading_states: list[TradingStateRow] = []

    def order_ids(self) -> list[int]:
        """The orders that change, but for those that the batch itself requests: none of these can be there yet."""
        named: set[int] = {entry.order for _, entry in self._entries if entry.__class__ in _OF_AN_ORDER}  # type: ignore[attr-defined]
        requests = [entry for _, entry in self._entries if isinstance(entry, OrderRequested)]
        replaced = {request.replaces for request in requests if request.replaces}
        return sorted((named | replaced).difference(request.order for request in requests))

    def symbols(self) -> list[str]:
        """The symbols whose positions change."""
        return sorted({entry.symbol for _, entry in self._entries if isinstance(entry, PositionChanged)})

    def stands(self, orders: Iterable[OrderRow], positions: Iterable[PositionRow]) -> None:
        """Begin from these rows."""
        self.orders.update((row.order_id, row) for row in orders)
        self.positions.update(((row.strategy, row.symbol), row) for row in positions)
        self._stood = dict(self.orders), dict(self.positions)
        for row in self.orders.values():
            self._note_replacing(row)

    def fold(self) -> None:
        """Fold the batch into the rows. A report about an order that the stream never requested changes none."""
        for seq, entry in self._entries:
            self._fold(seq, entry)

    def changed(self) -> tuple[list[OrderRow], list[PositionRow]]:
        """The orders and positions that are not as they stood."""
        orders, positions = self._stood
        return (
            [row for number, row in self.orders.items() if orders.get(number) is not row],
            [row for key, row in self.positions.items() if positions.get(key) is not row],
        )

    def _fold(self, seq: int, entry: Any) -> None:
        stream = self._stream_id
        match entry:
            case DecisionMade():
                self.decisions.append(DecisionRow(stream, seq, *msgspec.structs.astuple(entry)))
            case EquityMarked():
                self.equity.append(EquityRow(stream, seq, *msgspec.structs.astuple(entry)))
            case PositionChanged():
                self._change_position(seq, entry)
            case TradingStateChanged() as e:
                self.trading_states.append(
                    TradingStateRow(
                        stream, seq, e.ts, e.strategy, e.symbol, e.state, e.cause, e.until or None, e.flatten, e.detail
                    )
                )
            case OrderRequested():
                self._request_order(seq, entry)
            case OrderFilled() as e:
                self._fill_order(e)
                self.fills.append(
                    FillRow(
                        stream, seq, e.ts, e.order, e.trade_id, e.price, e.quantity, e.fee, e.fee_asset, e.liquidity,
                        e.slippage, e.ambiguous,
                    )
                )  # fmt: skip
            case OrderAccepted():
                self._move(entry.order, TRIGGERS[OrderAccepted], venue_order_id=entry.venue_order_id)
            case OrderRejected():
                self._move(entry.order, TRIGGERS[OrderRejected], reason=entry.code)
                self._goes_on(entry.order)
            case OrderCanceled() | OrderExpired() | OrderUnknown():
                self._move(entry.order, TRIGGERS[entry.__class__], reason=entry.reason)
            case CancelRequested():
                self._move(entry.order, Trigger.CANCEL_REQUESTED)
            case ReportRefused():
                self._change(entry.order, quarantined=True)

    def _request_order(self, seq: int, event: OrderRequested) -> None:
        replaced = self.orders.get(event.replaces)
        self._move(event.replaces, Trigger.CANCEL_REQUESTED)
        self.orders[event.order] = OrderRow(
            stream_id=self._stream_id,
            order_id=event.order,
            seq=seq,
            ts=event.ts,
            strategy=event.strategy,
            symbol=event.symbol,
            side=event.side,
            kind=event.kind,
            quantity=event.quantity,
            filled_quantity=replaced.filled_quantity if replaced else ZERO,
            state=str(OrderState.REQUESTED),
            venue_order_id=None,
            reason=None,
            purpose=event.purpose,
            price=event.price,
            trigger=event.trigger,
            trail=event.trail,
            trail_rate=event.trail_rate,
            time_in_force=event.time_in_force,
            expires_at=event.expires_at or None,
            post_only=event.post_only,
            reduce_only=event.reduce_only,
            parent=event.parent or None,
            group_id=event.group or None,
            replaces=event.replaces or None,
            quarantined=False,
        )
        self._note_replacing(self.orders[event.order])

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
        for successor in self._live_replacements(fill.order):
            self.orders[successor.order_id] = successor._replace(
                filled_quantity=add(successor.filled_quantity, fill.quantity)
            )

    def _live_replacements(self, order_id: int) -> list[OrderRow]:
        """What is filled of an order counts for the one that replaces it, too, and for the one that replaces that."""
        found, replaced = [], [order_id]
        while replaced:
            for number in self._replacing.get(replaced.pop(), ()):
                row = self.orders[number]
                if row.state not in TERMINAL:
                    found.append(row)
                    replaced.append(number)
        return found

    def _note_replacing(self, row: OrderRow) -> None:
        if row.replaces and row.replaces < row.order_id:
            self._replacing.setdefault(row.replaces, []).append(row.order_id)

    def _goes_on(self, rejected: int) -> None:
        """Where a replacement is rejected, the order that it was to replace is open again."""
        row = self.orders.get(rejected)
        if row is None or row.state != OrderState.REJECTED or not row.replaces:
            return
        before = self.orders.get(row.replaces)
        if before is not None and OrderState(before.state) not in TERMINAL:
            self.orders[before.order_id] = before._replace(state=str(OrderState.OPEN))

    def _move(self, order_id: int, trigger: Trigger, **columns: Any) -> None:
        """What is heard of an order after its end does not change why it ended."""
        if order := self.orders.get(order_id):
            state = TRANSITIONS[OrderState(order.state)][trigger] or order.state
            if order.state in TERMINAL:
                columns["reason"] = order.reason
            self._change(order_id, state=str(state), **columns)

    def _change(self, order_id: int, **columns: Any) -> None:
        if order := self.orders.get(order_id):
            self.orders[order_id] = order._replace(**columns)


def _without_refused(entries: Sequence[Entry]) -> list[Entry]:
    """The batch without the reports that the kernel refused: a refusal directly follows its report.

    Of the refusals, those that quarantine an order stay.
    """
    kept: list[Entry] = []
    for seq, entry in entries:
        if isinstance(entry, ReportRefused):
            if kept and kept[-1][1].__class__ in _REPORTS:
                kept.pop()
            if not entry.quarantined:
                continue
        kept.append((seq, entry))
    return kept

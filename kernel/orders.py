"""The life of an order, as one table. Every state answers every trigger: with the next state, or with a refusal.

A venue that does not answer leaves the order UNKNOWN. That is a state, not an error: the order may be live, and it
counts as live until the venue says what became of it. An order that ended is remembered for a while, since fills may
arrive after the end that they caused or came before.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from kernel.events import OrderRequested
from kernel.messages import OrderAccepted, OrderCanceled, OrderExpired, OrderRejected, OrderUnknown
from kernel.money import ZERO, negative, subtract

__all__ = ["TERMINAL", "TRANSITIONS", "TRIGGERS", "Order", "OrderState", "Trigger"]


class OrderState(StrEnum):
    """Where an order stands, as far as the kernel has been told."""

    REQUESTED = "requested"
    OPEN = "open"
    CANCELING = "canceling"
    UNKNOWN = "unknown"
    FILLED = "filled"
    CANCELED = "canceled"
    REJECTED = "rejected"
    EXPIRED = "expired"


class Trigger(StrEnum):
    """What can happen to an order."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    PARTLY_FILLED = "partly_filled"
    FILLED = "filled"
    CANCELED = "canceled"
    EXPIRED = "expired"
    WENT_UNKNOWN = "went_unknown"
    CANCEL_REQUESTED = "cancel_requested"


_S, _T = OrderState, Trigger
_ENDS = {_T.FILLED: _S.FILLED, _T.CANCELED: _S.CANCELED, _T.EXPIRED: _S.EXPIRED}
_REFUSED: dict[Trigger, OrderState | None] = dict.fromkeys(Trigger)


def _late(end: OrderState) -> dict[Trigger, OrderState | None]:
    """What may still be heard of an order that ended unfilled: its fills travelled by a slower way than its end."""
    return dict.fromkeys((_T.ACCEPTED, _T.PARTLY_FILLED, _T.FILLED, _T.WENT_UNKNOWN), end)


# None refuses. An acceptance that arrives after its fills (they travel by different ways) changes nothing.
TRANSITIONS: dict[OrderState, dict[Trigger, OrderState | None]] = {
    _S.REQUESTED: _REFUSED
    | _ENDS
    | {
        _T.ACCEPTED: _S.OPEN,
        _T.REJECTED: _S.REJECTED,
        _T.PARTLY_FILLED: _S.OPEN,
        _T.WENT_UNKNOWN: _S.UNKNOWN,
        _T.CANCEL_REQUESTED: _S.CANCELING,
    },
    _S.OPEN: _REFUSED
    | _ENDS
    | {
        _T.ACCEPTED: _S.OPEN,
        _T.PARTLY_FILLED: _S.OPEN,
        _T.WENT_UNKNOWN: _S.UNKNOWN,
        _T.CANCEL_REQUESTED: _S.CANCELING,
    },
    _S.CANCELING: _REFUSED
    | _ENDS
    | {
        _T.ACCEPTED: _S.CANCELING,
        _T.REJECTED: _S.REJECTED,
        _T.PARTLY_FILLED: _S.CANCELING,
        _T.WENT_UNKNOWN: _S.UNKNOWN,
    },
    _S.UNKNOWN: _REFUSED
    | _ENDS
    | {
        _T.ACCEPTED: _S.OPEN,
        _T.REJECTED: _S.REJECTED,
        _T.PARTLY_FILLED: _S.OPEN,
        _T.WENT_UNKNOWN: _S.UNKNOWN,
        _T.CANCEL_REQUESTED: _S.CANCELING,
    },
    _S.FILLED: _REFUSED | {_T.ACCEPTED: _S.FILLED, _T.WENT_UNKNOWN: _S.FILLED},
    _S.CANCELED: _REFUSED | _late(_S.CANCELED) | {_T.CANCELED: _S.CANCELED},
    _S.REJECTED: _REFUSED | {_T.REJECTED: _S.REJECTED, _T.WENT_UNKNOWN: _S.REJECTED},
    _S.EXPIRED: _REFUSED | _late(_S.EXPIRED) | {_T.EXPIRED: _S.EXPIRED},
}
# What a report means to the table. A fill is not here: whether it is the last one depends on the order.
TRIGGERS: dict[type, Trigger] = {
    OrderAccepted: _T.ACCEPTED,
    OrderRejected: _T.REJECTED,
    OrderCanceled: _T.CANCELED,
    OrderExpired: _T.EXPIRED,
    OrderUnknown: _T.WENT_UNKNOWN,
}
TERMINAL = frozenset({_S.FILLED, _S.CANCELED, _S.REJECTED, _S.EXPIRED})


@dataclass(slots=True)
class Order:
    """An order as far as it has been heard of. `filled` in base units; `trade_ids` are the fills that were booked."""

    request: OrderRequested
    filled: Decimal
    state: OrderState
    trade_ids: list[str]
    quarantined: bool = False

    @property
    def left(self) -> Decimal:
        """What is not filled, in base units."""
        return subtract(self.request.quantity, self.filled)

    @property
    def moves(self) -> Decimal:
        """What it would still add to the position, signed: nothing where it is the child of another order."""
        request = self.request
        if request.parent:
            return ZERO
        return self.left if request.side == "buy" else negative(self.left)

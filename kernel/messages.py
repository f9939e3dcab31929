"""What comes in. A message is the only way by which anything enters the kernel: prices, time, answers of a venue.

Market messages are counted, from 1. Every other message says in `after` which market message it
follows, so that a log without candles can be replayed beside its dataset. `ts` is the event time, ns since 1970, UTC.
"""

from decimal import Decimal
from typing import ClassVar

import msgspec

from kernel.instrument import Instrument

__all__ = [
    "CandleClosed", "LoggedMessage", "MarketEnded", "MarketMessage", "Message", "OrderAccepted", "OrderCanceled",
    "OrderExpired", "OrderFilled", "OrderRejected", "OrderUnknown", "Report", "StreamOpened", "SwitchFeatureGroup",
    "WarmupCandle",
]  # fmt: skip


class CandleClosed(msgspec.Struct, frozen=True, tag=True, gc=False):
    """A closed candle. `ts` is its close (open time + timeframe); numbers are scaled integers (see Instrument)."""

    schema_version: ClassVar[int] = 1
    ts: int
    symbol: str
    open_time: int
    open: int
    high: int
    low: int
    close: int
    volume: int


class WarmupCandle(CandleClosed, frozen=True, tag=True, gc=False):
    """A candle of the history before the run: indicators see it, nothing is decided on it."""


class StreamOpened(msgspec.Struct, frozen=True, tag=True):
    """The first message of a stream: which run definition it executes, and the account it starts with."""

    schema_version: ClassVar[int] = 1
    ts: int
    after: int
    definition: str
    strategy: str
    currency: str
    cash: Decimal
    instruments: tuple[Instrument, ...]


class OrderAccepted(msgspec.Struct, frozen=True, tag=True, gc=False):
    """The venue has the order and will work it."""

    schema_version: ClassVar[int] = 1
    ts: int
    after: int
    order: int
    venue_order_id: str


class OrderRejected(msgspec.Struct, frozen=True, tag=True, gc=False):
    """The venue refused the order, for good."""

    schema_version: ClassVar[int] = 1
    ts: int
    after: int
    order: int
    code: str


class OrderFilled(msgspec.Struct, frozen=True, tag=True, gc=False):
    """One trade of an order. `price` in quote per base, `quantity` in base; the fee in `fee_asset`."""

    schema_version: ClassVar[int] = 1
    ts: int
    after: int
    order: int
    trade_id: str
    price: Decimal
    quantity: Decimal
    fee: Decimal
    fee_asset: str


class OrderCanceled(msgspec.Struct, frozen=True, tag=True, gc=False):
    """The order ended before it was filled, by our wish or the venue's."""

    schema_version: ClassVar[int] = 1
    ts: int
    after: int
    order: int
    reason: str


class OrderExpired(msgspec.Struct, frozen=True, tag=True, gc=False):
    """The order's time in force ran out."""

    schema_version: ClassVar[int] = 1
    ts: int
    after: int
    order: int
    reason: str


class OrderUnknown(msgspec.Struct, frozen=True, tag=True, gc=False):
    """The venue gave no usable answer: the order may be live. It counts as live until it is found or proven absent."""

    schema_version: ClassVar[int] = 1
    ts: int
    after: int
    order: int
    reason: str


class MarketEnded(msgspec.Struct, frozen=True, tag=True, gc=False):
    """There is no more market: a candle after this message is refused."""

    schema_version: ClassVar[int] = 1
    ts: int
    after: int


class SwitchFeatureGroup(msgspec.Struct, frozen=True, tag=True, gc=False):
    """An operator's command: compute a group of features from the next candle on, or no longer.

    Models see NaN for a feature that is not computed; a fitted transform imputes it.
    """

    schema_version: ClassVar[int] = 1
    ts: int
    after: int
    group: str
    enabled: bool


MarketMessage = CandleClosed | WarmupCandle
Report = OrderAccepted | OrderRejected | OrderFilled | OrderCanceled | OrderExpired | OrderUnknown
LoggedMessage = Report | StreamOpened | MarketEnded | SwitchFeatureGroup
Message = MarketMessage | LoggedMessage

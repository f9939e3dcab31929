"""What comes in. A message is the only way by which anything enters the kernel: prices, time, answers of a venue.

Market messages are counted, from 1. Every other message says in `after` which market message it
follows, so that a log without candles can be replayed beside its dataset. `ts` is the event time, ns since 1970, UTC.
"""

from decimal import Decimal
from typing import ClassVar, Literal

import msgspec

from kernel.account import Account
from kernel.instrument import Instrument
from kernel.limits import Limits
from kernel.money import ZERO
from kernel.notes import Note

__all__ = [
    "AmendOrder", "CancelAllOrders", "CancelOrder", "CandleClosed", "ChangeLimits", "Command", "InstantClosed",
    "LoggedMessage", "MarketEnded", "MarketMessage", "Message", "OrderAccepted", "OrderCanceled", "OrderExpired",
    "OrderFilled", "OrderRejected", "OrderUnknown", "Report", "SetTradingState", "StreamOpened", "SwitchFeatureGroup",
    "TradingState", "WarmupCandle",
]  # fmt: skip

TradingState = Literal["active", "reducing", "halted"]


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


class InstantClosed(msgspec.Struct, frozen=True, tag=True, gc=False):
    """Every candle that closes at `ts` has come: what decides over several markets at once decides now.

    A market message like a candle, counted like one; it is fed only where a strategy of the run waits for it.
    """

    schema_version: ClassVar[int] = 1
    ts: int


class StreamOpened(msgspec.Struct, frozen=True, tag=True):
    """The first message of a stream: which run definition it executes, and the account it starts with."""

    schema_version: ClassVar[int] = 1
    ts: int
    after: int
    definition: str
    strategies: tuple[str, ...]
    account: Account
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


class OrderFilled(msgspec.Struct, frozen=True, tag=True, gc=False, omit_defaults=True):
    """One trade of an order. `price` in quote per base, `quantity` in base; the fee in `fee_asset`.

    `slippage`, in quote per base, is by how much the price was worse than the one the market showed, where the venue
    can tell; `ambiguous` says that the candle does not tell which of several prices came first, and a rule chose.
    """

    schema_version: ClassVar[int] = 1
    ts: int
    after: int
    order: int
    trade_id: str
    price: Decimal
    quantity: Decimal
    fee: Decimal
    fee_asset: str
    liquidity: Literal["maker", "taker"] = "taker"
    slippage: Decimal = ZERO
    ambiguous: bool = False


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

    Who gave a command is its `actor`; a `key` that was given before makes it a repetition (service/daemon).
    Models see NaN for a feature that is not computed; a fitted transform imputes it.
    """

    schema_version: ClassVar[int] = 1
    ts: int
    after: int
    group: str
    enabled: bool
    actor: str = ""
    key: str = ""


class SetTradingState(msgspec.Struct, frozen=True, tag=True, gc=False):
    """An operator's command: trade freely, take positions back only, or send nothing. Who gave it is `actor`.

    `strategy` names one, else all are meant. `flatten` cancels every order and closes every position first. Back to
    active also lifts what protections have set, and the quarantine of orders.
    """

    schema_version: ClassVar[int] = 1
    ts: int
    after: int
    state: TradingState
    strategy: str
    flatten: bool
    actor: str
    key: str = ""


class CancelOrder(msgspec.Struct, frozen=True, tag=True, gc=False):
    """An operator's command: ask the venue to end an order."""

    schema_version: ClassVar[int] = 1
    ts: int
    after: int
    order: int
    actor: str
    key: str = ""


class AmendOrder(msgspec.Struct, frozen=True, tag=True, gc=False):
    """An operator's command: put an order with other prices or another quantity in the place of a live one.

    None leaves what was. `quantity` is the whole order's, in base units, what is filled included.
    """

    schema_version: ClassVar[int] = 1
    ts: int
    after: int
    order: int
    price: Decimal | None
    trigger: Decimal | None
    quantity: Decimal | None
    actor: str
    key: str = ""


class CancelAllOrders(msgspec.Struct, frozen=True, tag=True, gc=False):
    """An operator's command: ask the venue to end every live order of a strategy, in a market; "" means all of them."""

    schema_version: ClassVar[int] = 1
    ts: int
    after: int
    strategy: str
    symbol: str
    actor: str
    key: str = ""


class ChangeLimits(msgspec.Struct, frozen=True, tag=True):
    """An operator's command: from now on these limits, all of them, hold for a strategy, or ("") for the account."""

    schema_version: ClassVar[int] = 1
    ts: int
    after: int
    strategy: str
    limits: Limits
    actor: str
    key: str = ""


MarketMessage = CandleClosed | WarmupCandle | InstantClosed
Report = OrderAccepted | OrderRejected | OrderFilled | OrderCanceled | OrderExpired | OrderUnknown
Command = SwitchFeatureGroup | SetTradingState | CancelOrder | AmendOrder | CancelAllOrders | ChangeLimits
LoggedMessage = Report | StreamOpened | MarketEnded | Command | Note
Message = MarketMessage | LoggedMessage

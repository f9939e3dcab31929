"""What happened around the market and the daemon: messages for whoever reads the log. They move nothing in the kernel.

`ts` and `after` are those of every logged message (messages.py); `open_time`, `first` and `last` are open times, ns.
"""

from typing import ClassVar, Literal

import msgspec

__all__ = ["CandleDropped", "CandleGap", "CandleRevised", "DaemonStarted", "DaemonStopped", "FeedChanged", "Note"]


class DaemonStarted(msgspec.Struct, frozen=True, tag=True, gc=False):
    """A daemon took the stream up, as its writer of this `epoch`; `code` is the hash of kernel and venues."""

    schema_version: ClassVar[int] = 1
    ts: int
    after: int
    epoch: int
    version: str
    code: str


class DaemonStopped(msgspec.Struct, frozen=True, tag=True, gc=False):
    """A daemon let the stream go; `open_orders` live ones are left at the venue, by the policy `on_stop`."""

    schema_version: ClassVar[int] = 1
    ts: int
    after: int
    reason: str
    on_stop: str
    open_orders: int


class CandleGap(msgspec.Struct, frozen=True, tag=True, gc=False):
    """Candles that should have come and did not, the feed's history asked: those that open from `first` to `last`."""

    schema_version: ClassVar[int] = 1
    ts: int
    after: int
    symbol: str
    first: int
    last: int


class CandleRevised(msgspec.Struct, frozen=True, tag=True, gc=False):
    """The feed gave the newest candle again with other numbers. What was decided on stands: nothing is applied."""

    schema_version: ClassVar[int] = 1
    ts: int
    after: int
    symbol: str
    open_time: int
    open: int
    high: int
    low: int
    close: int
    volume: int


class CandleDropped(msgspec.Struct, frozen=True, tag=True, gc=False):
    """A candle of the feed that is not used: it came before, came too late, or is no candle of this market."""

    schema_version: ClassVar[int] = 1
    ts: int
    after: int
    symbol: str
    open_time: int
    reason: Literal["duplicate", "late", "unusable"]


class FeedChanged(msgspec.Struct, frozen=True, tag=True, gc=False):
    """The candles of a market stay away (`stale`), or come again (`live`)."""

    schema_version: ClassVar[int] = 1
    ts: int
    after: int
    symbol: str
    state: Literal["live", "stale"]


Note = DaemonStarted | DaemonStopped | CandleGap | CandleRevised | CandleDropped | FeedChanged

"""Everything the kernel knows. Written in evolve.py alone; everybody else reads.

Slotted dataclasses, not msgspec structs: their fields are written on every candle, at half the price.
"""

from dataclasses import dataclass, field
from decimal import Decimal

from kernel.errors import UsageError
from kernel.instrument import Instrument
from kernel.money import ZERO
from kernel.orders import Order

__all__ = ["Market", "State"]


@dataclass(slots=True)
class Market:
    """One symbol as the strategy sees it.

    `last` is the newest close in price units (0 before any); `seen` counts candles, `history` those of them from before
    the window, `gated` those on which the gate stayed shut; `direction` is the side that was last asked for and not
    refused; `quantity` the position in base units, signed; `cost` what it was bought for, in quote, fees excluded.
    """

    instrument: Instrument
    open_time: int = -1
    last: int = 0
    seen: int = 0
    history: int = 0
    gated: int = 0
    direction: int = 0
    decided_at: int = 0
    quantity: Decimal = ZERO
    cost: Decimal = ZERO


@dataclass(slots=True)
class State:
    """One stream's state: an account, its markets, its live orders, and the fold of skips that is still open.

    `groups_off` names the groups of features that a command has switched off. `fold` holds one SkipReason byte for each
    of the newest consecutive market messages on which nothing was decided.
    """

    markets: dict[str, Market]
    definition: str = ""
    strategy: str = ""
    currency: str = ""
    ordinal: int = 0
    ts: int = 0
    day_ends: int = 0
    groups_off: list[str] = field(default_factory=list)
    ended: bool = False
    opening_cash: Decimal = ZERO
    balances: dict[str, Decimal] = field(default_factory=dict)
    orders: dict[int, Order] = field(default_factory=dict)
    orders_requested: int = 0
    realized_profit: Decimal = ZERO
    fees: dict[str, Decimal] = field(default_factory=dict)
    round_trips: int = 0
    equity: Decimal = ZERO
    fold: bytearray = field(default_factory=bytearray)

    def market(self, symbol: str) -> Market:
        """The market of `symbol`. Errors: UsageError when the stream does not trade it."""
        found = self.markets.get(symbol)
        if found is None:
            raise UsageError(f"the stream does not trade {symbol}", fix=f"it trades: {', '.join(self.markets)}")
        return found

"""Everything the kernel knows. Written in evolve.py and advance.py alone; everybody else reads.

Slotted dataclasses, not msgspec structs: their fields are written on every candle, at half the price.
"""

from dataclasses import dataclass, field
from decimal import Decimal

from kernel.account import Account
from kernel.errors import UsageError
from kernel.instrument import Instrument
from kernel.limits import Limits
from kernel.messages import TradingState
from kernel.money import ZERO
from kernel.orders import Order

__all__ = ["NO_ACCOUNT", "Book", "Halt", "Market", "Position", "State"]

NO_ACCOUNT = Account("", {}, {})


@dataclass(slots=True)
class Market:
    """One symbol, the same for every strategy.

    `last` is the newest close in price units (0 before any), `ts` the time of that close; `seen` counts candles,
    `history` those of them from before the window.
    """

    instrument: Instrument
    open_time: int = -1
    ts: int = 0
    last: int = 0
    seen: int = 0
    history: int = 0


@dataclass(slots=True)
class Position:
    """What a strategy holds of one symbol, and wants.

    `direction` is the side that was last asked for and not refused; `decided_at` the candle of the last decision;
    `gated` counts candles on which the gate stayed shut. `quantity` is in base units, signed, and `cost` what it was
    bought for, in quote, fees excluded. `live` are the numbers of its live orders. `exit_at` (ns, 0 for never) is when
    the time barrier ends it. `closed_at` is when it last became flat, `profit` what its present round trip has
    realized, fees deducted; `losses` counts the last round trips without a winner among them.
    """

    direction: int = 0
    decided_at: int = 0
    gated: int = 0
    quantity: Decimal = ZERO
    cost: Decimal = ZERO
    live: list[int] = field(default_factory=list)
    exit_at: int = 0
    closed_at: int = 0
    profit: Decimal = ZERO
    losses: int = 0


@dataclass(slots=True)
class Book:
    """One strategy's positions by symbol, and the fold of its skips that is still open.

    `fold` holds one SkipReason byte for each of the newest consecutive market messages on which it decided nothing.
    `unfinished` says that an entry of a strategy over several markets waits for an exit to be over.
    """

    positions: dict[str, Position]
    fold: bytearray = field(default_factory=bytearray)
    round_trips: int = 0
    unfinished: bool = False


@dataclass(slots=True)
class Halt:
    """A restriction of trading in force: for a strategy or all (""), a symbol or all; `until` is 0 for no end.

    With `flatten` what it covers is closed, and what is filled late is closed again.
    """

    strategy: str
    symbol: str
    state: TradingState
    cause: str
    until: int
    flatten: bool = False


@dataclass(slots=True)
class State:
    """One stream's state: an account, its markets, each strategy's book, and the orders.

    `orders` are live; `ended` keeps the newest that have ended, for reports that come late. `held` and `costs` are the
    sums of all positions by base and by quote asset, `realized` and `fees_paid` what was realized and paid apart from
    positions, by asset: with the opening they explain every balance (portfolio.py). `fees` are all fees by asset.
    `peak` is the highest equity that was marked since a drawdown was last over, `day_equity` the one the UTC day began
    with. `requests` are the times of the newest order requests. `groups_off` names the groups of features that a
    command has switched off, `limits` are those that one has set: a strategy's by its name, the account's by "".
    """

    markets: dict[str, Market]
    books: dict[str, Book]
    definition: str = ""
    account: Account = NO_ACCOUNT
    ordinal: int = 0
    ts: int = 0
    day_ends: int = 0
    groups_off: list[str] = field(default_factory=list)
    ended_market: bool = False
    balances: dict[str, Decimal] = field(default_factory=dict)
    orders: dict[int, Order] = field(default_factory=dict)
    ended: dict[int, Order] = field(default_factory=dict)
    orders_requested: int = 0
    requests: list[int] = field(default_factory=list)
    quarantined: list[int] = field(default_factory=list)
    held: dict[str, Decimal] = field(default_factory=dict)
    costs: dict[str, Decimal] = field(default_factory=dict)
    realized: dict[str, Decimal] = field(default_factory=dict)
    fees_paid: dict[str, Decimal] = field(default_factory=dict)
    fees: dict[str, Decimal] = field(default_factory=dict)
    opened: bool = False
    opening_equity: Decimal = ZERO
    equity: Decimal = ZERO
    day_equity: Decimal = ZERO
    peak: Decimal = ZERO
    halts: list[Halt] = field(default_factory=list)
    limits: dict[str, Limits] = field(default_factory=dict)

    def market(self, symbol: str) -> Market:
        """The market of `symbol`. Errors: UsageError when the stream does not trade it."""
        found = self.markets.get(symbol)
        if found is None:
            raise UsageError(f"the stream does not trade {symbol}", fix=f"it trades: {', '.join(self.markets)}")
        return found

    def position(self, order: Order) -> Position:
        """The position that an order belongs to."""
        return self.books[order.request.strategy].positions[order.request.symbol]

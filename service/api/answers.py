"""What the API answers, as types. Money is exact, as text; times are ISO 8601, UTC, and null before there is one."""

from typing import Literal

import msgspec

from kernel.events import DecisionMade
from kernel.messages import TradingState
from service.api.requests import AmountLimits

__all__ = [
    "Alive", "AllLimits", "Decision", "Decisions", "LogHead", "Module", "Modules", "OrderView", "Orders",
    "PositionView", "Positions", "Ready", "Restriction", "Status",
]  # fmt: skip


class LogHead(msgspec.Struct, frozen=True):
    """The last record that is durable, and its hash."""

    seq: int
    hash: str


class Restriction(msgspec.Struct, frozen=True):
    """A restriction of trading in force: for a strategy or ("") all, a market or ("") all; until null is for good."""

    strategy: str
    symbol: str
    state: TradingState
    cause: str
    until: str | None
    flatten: bool


class Status(msgspec.Struct, frozen=True):
    """How the daemon stands. `problems` names what keeps it from being ready, by part.

    `trading` is the account's state, `restrictions` are all that are in force, in strategies and markets too.
    `market_messages` counts what came from the market. `positions` are those that are not flat, `orders` the live ones.
    """

    stream: str
    run: str
    epoch: int
    version: str
    speed: str
    ready: bool
    problems: dict[str, str]
    head: LogHead
    market_time: str | None
    market_ended: bool
    market_messages: int
    trading: TradingState
    restrictions: list[Restriction]
    quarantined: list[int]
    groups_off: list[str]
    currency: str
    equity: str
    opening_equity: str
    day_equity: str
    peak_equity: str
    balances: dict[str, str]
    fees: dict[str, str]
    positions: int
    orders: int


class PositionView(msgspec.Struct, frozen=True):
    """A strategy's position in a market. `worth`, `cost` and `open_profit` are in the market's quote asset.

    `wants` is the side that the strategy last asked for: 1 long, 0 flat, -1 short. `last` is the newest close.
    """

    strategy: str
    symbol: str
    quantity: str
    wants: int
    cost: str
    last: str | None
    worth: str | None
    open_profit: str | None
    trading: TradingState
    live_orders: list[int]


class Positions(msgspec.Struct, frozen=True):
    """Every position that holds or wants something."""

    positions: list[PositionView]


class OrderView(msgspec.Struct, frozen=True):
    """An order. 0 is no other order, null no price or no end; see docs/orders.md."""

    order: int
    strategy: str
    symbol: str
    side: Literal["buy", "sell"]
    kind: str
    purpose: str
    state: str
    quantity: str
    filled: str
    price: str | None
    trigger: str | None
    time_in_force: str
    requested_at: str
    expires_at: str | None
    parent: int
    group: int
    replaces: int
    quarantined: bool


class Orders(msgspec.Struct, frozen=True):
    """Orders by number; `left_out` counts those beyond the limit."""

    orders: list[OrderView]
    left_out: int


class Decision(msgspec.Struct, frozen=True):
    """A decision, and its record."""

    seq: int
    decision: DecisionMade


class Decisions(msgspec.Struct, frozen=True):
    """The newest decisions, the newest first, of those recorded from `since_seq` on: what this process has seen."""

    since_seq: int
    decisions: list[Decision]


class Module(msgspec.Struct, frozen=True):
    """A strategy as it runs: the steps that it has, the features that are computed, and which groups of them are on."""

    strategy: str
    model: str
    model_hash: str
    transform: str
    symbols: list[str]
    steps: list[str]
    filters: list[str]
    features: list[str]
    groups: dict[str, bool]


class Modules(msgspec.Struct, frozen=True):
    """The strategies, in the order in which they decide."""

    strategies: list[Module]


class AllLimits(msgspec.Struct, frozen=True):
    """The limits that hold now: the account's, and each strategy's."""

    account: AmountLimits
    strategies: dict[str, AmountLimits]


class Alive(msgspec.Struct, frozen=True):
    """The process answers."""

    alive: bool


class Ready(msgspec.Struct, frozen=True):
    """Whether market messages are turned and requests are sent; else the parts that have a problem."""

    ready: bool
    problems: list[str]

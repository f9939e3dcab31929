"""An order that the venue works, and all that one strategy has in one market. Prices are integers (see rules.py)."""

from copy import copy
from decimal import Decimal
from typing import Literal

import msgspec

from kernel.events import OrderRequested
from kernel.money import ZERO, subtract

__all__ = ["NEVER", "Book", "Group", "Stage", "Working"]

NEVER = 2**62

# A traveling order has not reached the venue, a waiting one has no fill of its parent yet. Then it is what it will do
# next: be a market order, a limit that nobody has worked, a resting limit, or be triggered at a level or a moving one.
Stage = Literal["traveling", "waiting", "market", "new_limit", "limit", "trigger", "trail"]


class Working(msgspec.Struct, gc=False):
    """An open order.

    It acts when the price reaches `level` upwards (`rises`), else downwards; `best` is what a trailing stop follows.
    `filled` in base, with what the order had filled whose place it took. `parent` is the order it waits for now,
    `parent_filled` and `parent_ended` what is known of that one. A cancel of it arrives at `cancel_at` (ns);
    `successor` has taken its place.
    """

    request: OrderRequested
    client_order_id: str
    arrival: int
    parent: int
    stage: Stage = "traveling"
    rises: bool = False
    level: int = 0
    best: int = 0
    filled: Decimal = ZERO
    trades: int = 0
    parent_filled: Decimal = ZERO
    parent_ended: bool = False
    cancel_at: int = NEVER
    successor: int = 0

    @property
    def left(self) -> Decimal:
        """What is not filled, in base."""
        return subtract(self.request.quantity, self.filled)


class Group(msgspec.Struct):
    """Orders that share one quantity: each member's, by number, and what they have filled together, in base."""

    quantities: dict[int, Decimal]
    filled: Decimal = ZERO


class Book(msgspec.Struct):
    """One strategy's orders in one market by number, their groups, and the position that its fills add up to.

    A fee in the base asset is taken off the position, of which whole lots can be sold. `past_groups` have no open
    order: only one that comes too late may still ask for them.
    """

    strategy: str
    symbol: str
    lot: Decimal
    position: Decimal = ZERO
    orders: dict[int, Working] = {}
    groups: dict[int, Group] = {}
    past_groups: dict[int, Group] = {}

    def copy(self) -> "Book":
        """A book of its own, to try something with."""
        orders = {number: copy(order) for number, order in self.orders.items()}
        groups = {number: copy(group) for number, group in self.groups.items()}
        return Book(self.strategy, self.symbol, self.lot, self.position, orders, groups, self.past_groups)

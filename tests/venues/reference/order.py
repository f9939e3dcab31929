"""One order as the reference sees it: exact fractions, and the few facts that change while it lives."""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor

from kernel.events import OrderRequested
from kernel.money import from_units

STOPS = ("stop_market", "stop_limit", "trailing_stop")


def fraction(value: Decimal | None) -> Fraction | None:
    return None if value is None else Fraction(value)


def decimal(value: Fraction) -> Decimal:
    """Exact: every amount here is a whole number of some power of ten."""
    for digits in range(60):
        scaled = value * 10**digits
        if scaled.denominator == 1:
            return from_units(scaled.numerator, digits)
    raise AssertionError(f"{value} has no end in decimals")


def down_to(step: Fraction, value: Fraction) -> Fraction:
    return floor(value / step) * step


def up_to(step: Fraction, value: Fraction) -> Fraction:
    return ceil(value / step) * step


@dataclass
class Order:
    """`place` is traveling, dormant (it waits for its parent), working or ended.

    `fresh`: nothing was tried yet with it as a market or limit order. `still`: it became active at the price where the
    path stands, and the path has not moved since. `orphan`: nobody knew its parent when it was sent. `best` is what a
    trailing stop follows.
    """

    request: OrderRequested
    arrival: int
    tick: Fraction
    filled: Fraction = Fraction(0)
    place: str = "traveling"
    arrived: bool = False
    orphan: bool = False
    trades: int = 0
    triggered: bool = False
    fresh: bool = True
    still: bool = False
    best: Fraction | None = None
    replaced_by: int = 0

    def __post_init__(self):
        request = self.request
        self.number, self.symbol, self.strategy = request.order, request.symbol, request.strategy
        self.sign = 1 if request.side == "buy" else -1
        self.quantity = Fraction(request.quantity)
        self.price, self.trigger = fraction(request.price), fraction(request.trigger)
        self.trail, self.trail_rate = fraction(request.trail), fraction(request.trail_rate)

    @property
    def live(self) -> bool:
        return self.place != "ended"

    @property
    def left(self) -> Fraction:
        return self.quantity - self.filled

    @property
    def is_limit(self) -> bool:
        return self.request.kind == "limit" or (self.request.kind == "stop_limit" and self.triggered)

    @property
    def waits_for_trigger(self) -> bool:
        return self.request.kind in (*STOPS, "take_profit") and not self.triggered

    @property
    def trigger_side(self) -> int:
        """1: triggers at and above its level; -1: at and below."""
        return self.sign if self.request.kind in STOPS else -self.sign

    @property
    def level(self) -> Fraction | None:
        """The price on the path at which something would happen to it; None for a market order."""
        if self.is_limit:
            return self.price
        if not self.waits_for_trigger:
            return None
        if self.request.kind != "trailing_stop":
            return self.trigger
        if self.best is None:
            return None
        away = self.trail if self.trail is not None else self.best * self.trail_rate
        if self.sign > 0:
            return up_to(self.tick, self.best + away)
        return down_to(self.tick, self.best - away)

    def follow(self, price: Fraction) -> None:
        """A trailing stop notes the best price so far."""
        if self.request.kind == "trailing_stop" and not self.triggered:
            better = min if self.sign > 0 else max
            self.best = price if self.best is None else better(self.best, price)

    def is_triggered_at(self, price: Fraction) -> bool:
        level = self.level
        return level is not None and self.trigger_side * (price - level) >= 0

    def is_marketable_at(self, price: Fraction) -> bool:
        return self.sign * (price - self.price) <= 0


NEEDED = {
    "market": (),
    "limit": ("price",),
    "stop_market": ("trigger",),
    "stop_limit": ("trigger", "price"),
    "take_profit": ("trigger",),
    "trailing_stop": (),
}


def prices_are_valid(request: OrderRequested, tick: Fraction) -> bool:
    """Those that its kind needs are there, positive, and multiples of the tick; a distance needs only be positive."""
    if any(getattr(request, name) is None for name in NEEDED[request.kind]):
        return False
    if any(p is not None and (p <= 0 or Fraction(p) % tick) for p in (request.price, request.trigger)):
        return False
    if request.kind != "trailing_stop":
        return True
    if request.trail is not None:
        return request.trail > 0
    return request.trail_rate is not None and 0 < request.trail_rate < 1


def alike(order: Order, other: Order) -> bool:
    return (order.strategy, order.symbol) == (other.strategy, other.symbol)

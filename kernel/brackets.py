"""A position's orders: how it is entered, and the orders that guard it from the first fill on.

The guards are sent together with the entry, as its children: no candle passes between a fill and its stop. Their prices
stand on the reference price of the decision (the candle's close, or the price of a limit or stop entry), not on the
fill, which nobody knows yet; a trailing stop begins at the fill.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Literal, NamedTuple

import msgspec
from msgspec.structs import replace

from kernel.events import OrderRequested, Side
from kernel.instrument import Instrument
from kernel.money import ZERO, add, from_float, multiply, round_down_to, round_up_to, subtract
from kernel.timeframe import DAY_NS, NS_PER_SECOND

__all__ = ["Entry", "Exits", "Intent", "bracket", "entry_order"]

Minutes = Annotated[int, msgspec.Meta(ge=0)]
_MINUTE_NS = 60 * NS_PER_SECOND


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The order that opens a position: market, or a limit or stop at `offset` (share of the close) from the close.

    A limit stands on the better side of the close, a stop beyond it; the limit of a stop_limit stands `limit_offset`
    beyond its trigger. gtd ends after `minutes`, day with the UTC day.
    """

    kind: Literal["market", "limit", "stop_market", "stop_limit"] = "market"
    offset: Decimal = ZERO
    limit_offset: Decimal = ZERO
    time_in_force: Literal["gtc", "ioc", "fok", "gtd", "day"] = "gtc"
    minutes: Minutes = 0
    post_only: bool = False


class Exits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What ends a position besides the model. Distances are shares of the reference price; 0.02 is two percent.

    With `unit`, a feature's name, `stop_loss`, `take_profit`, `trailing_stop` and `break_even` count in that feature's
    value instead, which is a price distance: 2 is two average true ranges, say. `trailing_amount` is in quote. With
    `stop_limit` the stop becomes a limit order that far beyond its trigger. `target` is the kind of the take-profit.
    `break_even` moves the stop to the reference price once a close has come that far. After `minutes` the position is
    closed at the market. `reenter`: at_once where the model still wants the side that an exit has just closed, or only
    after it has wanted another (new_signal).
    """

    stop_loss: Decimal | None = None
    stop_limit: Decimal | None = None
    take_profit: Decimal | None = None
    target: Literal["limit", "take_profit"] = "limit"
    trailing_stop: Decimal | None = None
    trailing_amount: Decimal | None = None
    break_even: Decimal | None = None
    minutes: Minutes = 0
    unit: str = ""
    reenter: Literal["at_once", "new_signal"] = "at_once"

    @property
    def has_stop(self) -> bool:
        """Whether a position is never to be without a stop."""
        return any(given is not None for given in (self.stop_loss, self.trailing_stop, self.trailing_amount))


class Intent(NamedTuple):
    """An entry to be made: the side, how much (whole lots, base units), the close, and the distance feature's value."""

    ts: int
    strategy: str
    candle: int
    number: int
    side: Side
    quantity: Decimal
    close: Decimal
    unit: float


def entry_order(config: Entry, instrument: Instrument, intent: Intent) -> OrderRequested:
    """The order that opens the position."""
    order = OrderRequested(
        ts=intent.ts, strategy=intent.strategy, symbol=instrument.symbol, candle=intent.candle, order=intent.number,
        side=intent.side, kind=config.kind, quantity=intent.quantity,
    )  # fmt: skip
    if config.kind == "market" and config.time_in_force == "gtc":
        return order
    ahead = intent.side == "buy"
    offset = multiply(intent.close, config.offset)
    price = trigger = None
    if config.kind == "limit":
        price = _away(instrument, intent.close, offset, up=not ahead)
    elif config.kind != "market":
        trigger = _away(instrument, intent.close, offset, up=ahead)
        if config.kind == "stop_limit":
            price = _away(instrument, trigger, multiply(intent.close, config.limit_offset), up=ahead)
    return replace(
        order, price=price, trigger=trigger, post_only=config.post_only, time_in_force=config.time_in_force,
        expires_at=_expiry(config, intent.ts),
    )  # fmt: skip


def _expiry(config: Entry, ts: int) -> int:
    if config.time_in_force == "gtd":
        return ts + config.minutes * _MINUTE_NS
    return ts - ts % DAY_NS + DAY_NS if config.time_in_force == "day" else 0


def bracket(exits: Exits, instrument: Instrument, intent: Intent, entry: OrderRequested) -> Sequence[OrderRequested]:
    """The orders that guard the position `entry` opens: none, one, or a group of which one fill takes from the others.

    Errors: ValueError, with the figures, where a price would not be above zero or the unit is no distance.
    """
    long = entry.side == "buy"
    reference = entry.price or entry.trigger or intent.close
    scale = _scale(exits, intent, reference)
    number = entry.order
    child = OrderRequested(
        ts=entry.ts, strategy=entry.strategy, symbol=entry.symbol, candle=entry.candle, order=number,
        side="sell" if long else "buy", kind="stop_market", quantity=entry.quantity, reduce_only=True, parent=number,
    )  # fmt: skip
    guards: list[OrderRequested] = []
    if exits.stop_loss is not None:
        trigger = _away(instrument, reference, multiply(exits.stop_loss, scale), up=not long)
        beyond = exits.stop_limit
        limit = None if beyond is None else _away(instrument, trigger, multiply(reference, beyond), up=not long)
        kind: Literal["stop_limit", "stop_market"] = "stop_market" if limit is None else "stop_limit"
        guards.append(replace(child, kind=kind, purpose="stop", trigger=trigger, price=limit))
        if exits.break_even is not None:
            advance_at = _away(instrument, reference, multiply(exits.break_even, scale), up=long)
            even = _away(instrument, reference, ZERO, up=long)
            guards[0] = replace(guards[0], advance_at=advance_at, advance_to=even)
    if exits.take_profit is not None:
        level = _away(instrument, reference, multiply(exits.take_profit, scale), up=long)
        at = {"price": level} if exits.target == "limit" else {"trigger": level}
        guards.append(replace(child, kind=exits.target, purpose="target", **at))
    if exits.trailing_amount is not None or (exits.trailing_stop is not None and exits.unit):
        amount = exits.trailing_amount or multiply(exits.trailing_stop or ZERO, scale)
        trail = round_up_to(instrument.tick, amount)
        guards.append(replace(child, kind="trailing_stop", purpose="trailing", trail=trail))
    elif exits.trailing_stop is not None:
        guards.append(replace(child, kind="trailing_stop", purpose="trailing", trail_rate=exits.trailing_stop))
    group = number + 1 if len(guards) > 1 else 0
    return [replace(guard, order=number + place, group=group) for place, guard in enumerate(guards, 1)]


def _scale(exits: Exits, intent: Intent, reference: Decimal) -> Decimal:
    """What the distances are multiplied with."""
    if not exits.unit:
        return reference
    if not 0.0 < intent.unit < 1e15:
        raise ValueError(f"{exits.unit} is {intent.unit}, which is no distance")
    return from_float(intent.unit)


def _away(instrument: Instrument, price: Decimal, distance: Decimal, *, up: bool) -> Decimal:
    """The tick at least `distance` away from `price`. Errors: ValueError where that is not above zero."""
    if up:
        return round_up_to(instrument.tick, add(price, distance))
    level = round_down_to(instrument.tick, subtract(price, distance))
    if level <= ZERO:
        raise ValueError(f"{distance} below {price} is no price")
    return level

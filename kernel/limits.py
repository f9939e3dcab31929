"""The limits that a strategy, or the whole account, may be given. None is no limit; checks.py says how each is held."""

from decimal import Decimal

import msgspec

from kernel.money import ZERO

__all__ = ["Limits"]


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an entry must stay within. Notionals are in the account's currency; exits are never held back.

    A strategy's limits count its own positions and orders, the account's those of all strategies. `max_position` is in
    base units, per symbol; `max_symbol_notional` the worth of one symbol. `max_leverage` bounds the gross exposure by
    the account's equity. Every price and trigger to be sent is within the share `price_band` of the last close, which
    is at most `max_candle_age_minutes` old.
    Errors: ValueError for a limit that is below zero, or no finite number.
    """

    max_position: Decimal | None = None
    max_order_notional: Decimal | None = None
    max_symbol_notional: Decimal | None = None
    max_gross_exposure: Decimal | None = None
    max_net_exposure: Decimal | None = None
    max_leverage: Decimal | None = None
    max_open_orders: int | None = None
    max_orders_per_minute: int | None = None
    price_band: Decimal | None = None
    max_candle_age_minutes: int | None = None

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            limit = getattr(self, name)
            if isinstance(limit, Decimal) and not limit.is_finite():
                raise ValueError(f"{name} is {limit}, which is not a finite number")
            if limit is not None and limit < ZERO:
                raise ValueError(f"{name} is {limit}, and no limit is below zero")

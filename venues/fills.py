"""At which price a simulated market order is filled, and what it costs. Slippage always goes against the order."""

from decimal import Decimal
from typing import Literal

import msgspec

from kernel.events import OrderRequested
from kernel.instrument import Instrument
from kernel.messages import OrderFilled
from kernel.money import ZERO, add, from_units, multiply, round_down_to, round_up_to, subtract

__all__ = ["SimulatedVenueConfig", "fill_of"]

_ONE = Decimal(1)


class SimulatedVenueConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the simulated venue fills.

    `fill`: "same_close" fills at the close of the candle that was decided on, "next_open" at the open of the symbol's
    next candle. `fee_rate` of the notional, in quote; None takes the instrument's own. `slippage_rate` of the price.
    """

    fill: Literal["same_close", "next_open"] = "next_open"
    fee_rate: Decimal | None = None
    slippage_rate: Decimal = ZERO


def fill_of(
    order: OrderRequested, instrument: Instrument, price_units: int, *, ts: int, after: int, slippage_rate: Decimal
) -> OrderFilled:
    """The whole order filled at once at `price_units`, moved by the slippage to the next tick against the order."""
    price = from_units(price_units, instrument.price_decimals)
    if slippage_rate != ZERO:
        if order.side == "buy":
            price = round_up_to(instrument.tick, multiply(price, add(_ONE, slippage_rate)))
        else:
            price = round_down_to(instrument.tick, multiply(price, subtract(_ONE, slippage_rate)))
    fee = multiply(multiply(price, order.quantity), instrument.fee_rate)
    return OrderFilled(ts, after, order.order, f"{order.order}-1", price, order.quantity, fee, instrument.quote)

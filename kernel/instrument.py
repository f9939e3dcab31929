"""What can be traded, and by which rules of the venue."""

from decimal import Decimal

import msgspec

__all__ = ["Instrument"]


class Instrument(msgspec.Struct, frozen=True, gc=False):
    """One symbol with the venue's rules.

    Candles of the symbol carry integers: a price in units of 10**-price_decimals of the quote asset, a volume in units
    of 10**-volume_decimals of the base asset.
    """

    symbol: str
    base: str
    quote: str
    price_decimals: int
    volume_decimals: int
    tick: Decimal
    lot: Decimal
    min_notional: Decimal
    fee_rate: Decimal

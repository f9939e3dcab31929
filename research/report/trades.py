"""A trade, and a position that is still open, as a report tells them.

Inside, money is `Decimal` and a time is ns since 1970, UTC; figures.py makes texts of both.
"""

from decimal import Decimal
from typing import Literal

import msgspec

__all__ = ["OpenPosition", "Trade"]

Side = Literal["long", "short"]


class Trade(msgspec.Struct, frozen=True):
    """A round trip of one strategy in one symbol, from flat to flat or through zero.

    `entry_price` and `exit_price` are means over its fills, in the market's quote, rounded to 12 decimals; `quantity`
    is all that was entered, in base. `fees` and `profit`, which is net of them, are exact, in the account's currency;
    `return_rate` is the profit as a share of what was entered. `exit_reason` is the purpose of the order that closed
    it. `mae_rate` and `mfe_rate` are how far the price went against it and for it, as shares of the entry price, by the
    candles that closed while it was open; None without candles.
    """

    strategy: str
    symbol: str
    side: Side
    entry_time: int
    exit_time: int
    entry_price: Decimal
    exit_price: Decimal
    quantity: Decimal
    fees: Decimal
    profit: Decimal
    return_rate: float | None
    exit_reason: str
    fills: int
    ambiguous: bool
    bars: int
    holding_s: float
    mae_rate: float | None = None
    mfe_rate: float | None = None


class OpenPosition(msgspec.Struct, frozen=True):
    """What a strategy still held of a symbol at the log's end.

    `cost` is in the market's quote, fees excluded; `price` is the last one; `fees` and `profit`, which is net of them
    and has what partial exits realized, in the account's currency. `dust` is less than a lot: it cannot be traded.
    """

    strategy: str
    symbol: str
    quantity: Decimal
    cost: Decimal
    price: Decimal | None
    fees: Decimal
    profit: Decimal
    entry_time: int | None
    dust: bool

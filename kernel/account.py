"""The account that all strategies of a stream share."""

from decimal import Decimal
from typing import Literal

import msgspec

__all__ = ["Account"]


class Account(msgspec.Struct, frozen=True):
    """What it starts with, and what it may do.

    `balances` by asset; `currency` is what its worth is counted in, and `marks` names the symbol by whose last price
    each other asset is valued. A cash account never owes; a margin account may owe any asset, as long as the worth of
    all positions stays within `leverage` times its equity.
    """

    currency: str
    balances: dict[str, Decimal]
    marks: dict[str, str]
    kind: Literal["cash", "margin"] = "cash"
    leverage: Decimal = Decimal(1)

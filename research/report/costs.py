"""What trading cost: fees, spreads and slippage, and how the fills came about. Exact, in the account's currency."""

from collections import Counter
from decimal import Decimal

import msgspec

from kernel.events import OrderKind
from kernel.messages import OrderFilled
from kernel.money import ZERO, add, multiply

__all__ = ["Costs", "FeeAsset", "Liquidity"]

_NEVER_SLIPS = frozenset({"limit", "stop_limit"})


class FeeAsset(msgspec.Struct):
    """Fees paid in one asset: how much of it, and what that was worth at the marks at the time of each fill."""

    asset: str
    amount: Decimal = ZERO
    worth: Decimal = ZERO


class Liquidity(msgspec.Struct):
    """The fills that took liquidity, or made it; `traded` is price times quantity, in the account's currency."""

    liquidity: str
    fills: int = 0
    traded: Decimal = ZERO
    fees: Decimal = ZERO


class Costs:
    """Sums over all fills that were booked.

    `ambiguous` has the fills at prices whose order a candle does not tell, by (symbol, close of that candle).
    `slippable` counts the fills of orders that take the market's price, `slipped` those at a worse one than it showed.
    """

    def __init__(self) -> None:
        self.fees: dict[str, FeeAsset] = {}
        self.liquidity = {name: Liquidity(name) for name in ("maker", "taker")}
        self.slippage = ZERO
        self.slippable = 0
        self.slipped = 0
        self.ambiguous: Counter[tuple[str, int]] = Counter()

    @property
    def fills(self) -> int:
        """How many fills were booked."""
        return sum(kind.fills for kind in self.liquidity.values())

    @property
    def paid(self) -> Decimal:
        """All fees, in the account's currency."""
        return add(self.liquidity["maker"].fees, self.liquidity["taker"].fees)

    @property
    def traded(self) -> Decimal:
        """Price times quantity of all fills, in the account's currency."""
        return add(self.liquidity["maker"].traded, self.liquidity["taker"].traded)

    def take(
        self, fill: OrderFilled, *, symbol: str, kind: OrderKind, notional: Decimal, unit: Decimal, fee: Decimal
    ) -> None:
        """Add a fill: `notional` in quote, `unit` what one unit of quote is worth, `fee` what its fee was worth."""
        paid = self.fees.setdefault(fill.fee_asset, FeeAsset(fill.fee_asset))
        paid.amount = add(paid.amount, fill.fee)
        paid.worth = add(paid.worth, fee)
        taken = self.liquidity[fill.liquidity]
        taken.fills += 1
        taken.traded = add(taken.traded, multiply(notional, unit))
        taken.fees = add(taken.fees, fee)
        if fill.slippage != ZERO:
            self.slippage = add(self.slippage, multiply(multiply(fill.slippage, fill.quantity), unit))
        if fill.liquidity == "taker" and kind not in _NEVER_SLIPS:
            self.slippable += 1
            self.slipped += fill.slippage != ZERO
        if fill.ambiguous:
            self.ambiguous[symbol, fill.ts] += 1

"""A trade while it is open: what its fills have added up to. Cost basis is kept as totals, never as rounded means."""

from dataclasses import dataclass
from decimal import Decimal

from kernel.money import ZERO, add, divide, multiply, subtract
from research.report.trades import Trade

__all__ = ["Part", "RoundTrip", "split"]

_PRICE_UNIT = Decimal("1E-12")
_SHARE_UNIT = Decimal("1E-18")  # as the kernel splits a cost (kernel/portfolio.py)


@dataclass(frozen=True, slots=True)
class Part:
    """A fill, or the share of it that belongs to one round trip.

    `notional` and `quote_fee` are in quote; `other_fee` is a fee in a third asset and `fee` any fee, both in the
    account's currency by the marks at the time of the fill. A fee in the base asset has made the position smaller, so
    what was realized is net of it already.
    """

    quantity: Decimal
    notional: Decimal
    quote_fee: Decimal
    other_fee: Decimal
    fee: Decimal


def split(part: Part, quantity: Decimal) -> tuple[Part, Part]:
    """The first `quantity` units of a fill, and the rest. An amount is rounded once, and the rest is the remainder."""

    def first_of(amount: Decimal) -> Decimal:
        return divide(multiply(amount, quantity), part.quantity, _SHARE_UNIT)

    first = Part(
        quantity, first_of(part.notional), first_of(part.quote_fee), first_of(part.other_fee), first_of(part.fee)
    )
    rest = Part(
        subtract(part.quantity, quantity),
        subtract(part.notional, first.notional),
        subtract(part.quote_fee, first.quote_fee),
        subtract(part.other_fee, first.other_fee),
        subtract(part.fee, first.fee),
    )
    return first, rest


@dataclass(slots=True)
class RoundTrip:
    """Sums over the fills of one round trip; `side` is 1 for long, -1 for short."""

    side: int
    entry_time: int
    entered: Decimal = ZERO
    entry_notional: Decimal = ZERO
    left: Decimal = ZERO
    exit_notional: Decimal = ZERO
    realized: Decimal = ZERO
    quote_fees: Decimal = ZERO
    other_fees: Decimal = ZERO
    fees: Decimal = ZERO
    fills: int = 0
    ambiguous: bool = False

    def take(self, part: Part, *, enters: bool, realized: Decimal, ambiguous: bool) -> None:
        """Add a fill."""
        if enters:
            self.entered = add(self.entered, part.quantity)
            self.entry_notional = add(self.entry_notional, part.notional)
        else:
            self.left = add(self.left, part.quantity)
            self.exit_notional = add(self.exit_notional, part.notional)
        self.realized = add(self.realized, realized)
        self.quote_fees = add(self.quote_fees, part.quote_fee)
        self.other_fees = add(self.other_fees, part.other_fee)
        self.fees = add(self.fees, part.fee)
        self.fills += 1
        self.ambiguous = self.ambiguous or ambiguous

    @property
    def net_quote(self) -> Decimal:
        """What it has realized, less its fees in quote."""
        return subtract(self.realized, self.quote_fees)

    def profit(self, quote_unit: Decimal) -> Decimal:
        """What it has realized, net of all fees, in the account's currency: `quote_unit` is one unit of quote in it."""
        return subtract(multiply(self.net_quote, quote_unit), self.other_fees)

    def closed(
        self, ts: int, *, strategy: str, symbol: str, exit_reason: str, quote_unit: Decimal, length_ns: int
    ) -> Trade:
        """The trade that it was."""
        profit = self.profit(quote_unit)
        staked = float(multiply(self.entry_notional, quote_unit))
        return Trade(
            strategy=strategy,
            symbol=symbol,
            side="long" if self.side > 0 else "short",
            entry_time=self.entry_time,
            exit_time=ts,
            entry_price=_mean_price(self.entry_notional, self.entered),
            exit_price=_mean_price(self.exit_notional, self.left),
            quantity=self.entered,
            fees=self.fees,
            profit=profit,
            return_rate=float(profit) / staked if staked else None,
            exit_reason=exit_reason,
            fills=self.fills,
            ambiguous=self.ambiguous,
            bars=(ts - self.entry_time) // length_ns,
            holding_s=(ts - self.entry_time) / 1e9,
        )


def _mean_price(notional: Decimal, quantity: Decimal) -> Decimal:
    return ZERO if quantity == ZERO else divide(notional, quantity, _PRICE_UNIT)

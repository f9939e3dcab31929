"""What the account holds, and what it may not do: owe anything (cash), or stand for too much (margin)."""

from collections.abc import Iterable, Mapping
from decimal import Decimal

from kernel.account import Account
from kernel.instrument import Instrument
from kernel.money import ZERO, add, multiply, negative, subtract
from venues.matching.closes import Closes

__all__ = ["Holdings"]

_ONE = Decimal(1)


class Holdings:
    """Balances by asset. `closes` are what they are worth; an account that `lends` may owe."""

    __slots__ = ("_account", "_bases", "balances", "closes", "lends")

    def __init__(self, account: Account, bases: Iterable[str], balances: dict[str, Decimal], closes: Closes) -> None:
        self._account = account
        self.lends = account.kind == "margin"
        self._bases = bases
        self.balances = balances
        self.closes = closes

    def copy(self) -> "Holdings":
        """Holdings of its own, to try something with."""
        return Holdings(self._account, self._bases, dict(self.balances), self.closes)

    def exchange(
        self, instrument: Instrument, side: str, quantity: Decimal, notional: Decimal, fee: Decimal, fee_asset: str,
        *, reduces: bool,
    ) -> str:  # fmt: skip
        """Book a fill. Gives the code of a refusal, with nothing booked, or ""."""
        balances, base, quote = self.balances, instrument.base, instrument.quote
        base_held, quote_held = balances.get(base, ZERO), balances.get(quote, ZERO)
        if side == "buy":
            base_held, quote_held = add(base_held, quantity), subtract(quote_held, notional)
        else:
            base_held, quote_held = subtract(base_held, quantity), add(quote_held, notional)
        changed = {}
        if fee_asset == quote:
            quote_held = subtract(quote_held, fee)
        elif fee_asset == base:
            base_held = subtract(base_held, fee)
        else:
            changed[fee_asset] = subtract(balances.get(fee_asset, ZERO), fee)
        changed[base], changed[quote] = base_held, quote_held
        if not self.lends:
            if base_held < ZERO or quote_held < ZERO or changed.get(fee_asset, ZERO) < ZERO:
                return "insufficient_balance"
        elif not reduces and self.is_beyond_margin(changed):
            return "insufficient_margin"
        balances.update(changed)
        return ""

    def is_beyond_margin(self, changed: Mapping[str, Decimal]) -> bool:
        """Whether all positions are worth more than the leverage allows, with some balances changed."""
        balances = {**self.balances, **changed}
        equity, exposure = ZERO, ZERO
        for asset, amount in balances.items():
            equity = add(equity, multiply(amount, self._price(asset)))
        for base in self._bases:
            moved = subtract(balances.get(base, ZERO), self._account.balances.get(base, ZERO))
            exposure = add(exposure, multiply(max(moved, negative(moved)), self._price(base)))
        return exposure > multiply(self._account.leverage, equity)

    def worth(self, instrument: Instrument, close: Decimal, fee_asset: str) -> Decimal:
        """What a market's two assets, and the one that fees are paid in, are worth in quote at `close`."""
        base, quote = instrument.base, instrument.quote
        worth = add(self.balances.get(quote, ZERO), multiply(self.balances.get(base, ZERO), close))
        if fee_asset in {"", "received", base, quote}:
            return worth
        price = self.closes.price(f"{fee_asset}/{quote}")
        return worth if price is None else add(worth, multiply(self.balances.get(fee_asset, ZERO), price))

    def _price(self, asset: str) -> Decimal:
        """The last price of an asset in the account's currency; without one it counts for nothing."""
        currency = self._account.currency
        if asset == currency:
            return _ONE
        return self.closes.price(self._account.marks.get(asset, f"{asset}/{currency}")) or ZERO

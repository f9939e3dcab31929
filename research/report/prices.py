"""What things were worth at a time: the last close of a recorded candle, else the newest fill."""

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np

from kernel.account import Account
from kernel.money import from_units, multiply
from research.report.market import Candles

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["Prices"]

_ONE = Decimal(1)


class Prices:
    """Last prices by symbol, and by them what one unit of an asset is worth in the account's currency."""

    def __init__(self, account: Account, candles: Mapping[str, Candles], *, before_ns: int | None = None) -> None:
        """`before_ns` is where the run's window ends: candles that open then or later were never seen."""
        self._account = account
        self._candles = candles
        self._before_ns = before_ns
        self._closes: dict[str, tuple[npt.NDArray[Any], npt.NDArray[Any]]] = {}
        self._fills: dict[str, Decimal] = {}

    def filled(self, symbol: str, price: Decimal) -> None:
        """Remember the newest fill of a symbol: its last price where its candles are not here."""
        self._fills[symbol] = price

    def last(self, symbol: str, ts: int) -> Decimal | None:
        """The close of the symbol's last candle that had closed at `ts`; None where nothing was known by then."""
        candles = self._candles.get(symbol)
        if candles is None:
            return self._fills.get(symbol)
        if symbol not in self._closes:
            self._closes[symbol] = _closes(candles, self._before_ns)
        closed_at, closes = self._closes[symbol]
        row = int(closed_at.searchsorted(ts, side="right")) - 1
        return from_units(int(closes[row]), candles.price_decimals) if row >= 0 else None

    def unit(self, asset: str, ts: int) -> Decimal | None:
        """One unit of an asset in the account's currency, by the asset's mark; None while that has no price."""
        account = self._account
        return _ONE if asset == account.currency else self.last(account.marks.get(asset, ""), ts)

    def worth(self, amount: Decimal, asset: str, ts: int) -> Decimal | None:
        """An amount of an asset in the account's currency, exact; None while the asset's mark has no price."""
        unit = self.unit(asset, ts)
        return None if unit is None else multiply(amount, unit)


def _closes(candles: Candles, before_ns: int | None) -> "tuple[npt.NDArray[Any], npt.NDArray[Any]]":
    """When each candle closed, and at what."""
    blocks = [(block.open_time, block.close) for block in candles.blocks(before_ns=before_ns)]
    if not blocks:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    opened, closes = (np.concatenate(columns) for columns in zip(*blocks, strict=True))
    return opened + candles.length_ns, closes

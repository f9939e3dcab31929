"""The last close of every market."""

from collections.abc import Iterable
from decimal import Decimal

from kernel.instrument import Instrument
from kernel.money import from_units

__all__ = ["Closes"]


class Closes:
    """`units` by symbol, as candles carry them; whoever made it keeps them up to date."""

    __slots__ = ("_decimals", "units")

    def __init__(self, instruments: Iterable[Instrument], units: dict[str, int]) -> None:
        self._decimals = {instrument.symbol: instrument.price_decimals for instrument in instruments}
        self.units = units

    def price(self, symbol: str) -> Decimal | None:
        """Quote per base; None where the market has shown no candle, or is not traded here."""
        units = self.units.get(symbol)
        return None if units is None or symbol not in self._decimals else from_units(units, self._decimals[symbol])

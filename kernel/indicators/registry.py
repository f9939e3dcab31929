"""The indicator kinds a strategy can name, and what every kind can do. A new kind is one file and one line here."""

from typing import Protocol

from kernel.indicators.cusum import Cusum
from kernel.indicators.ema import Ema
from kernel.indicators.zscore import ZScore

__all__ = ["INDICATORS", "AnyIndicator", "Indicator"]


class Indicator(Protocol):
    """Updated on every candle, read only when somebody asks. Its fields are its whole state: a snapshot is a copy."""

    def update(self, x: float, /) -> None:
        """Take the input of the next candle."""

    def emit(self) -> float:
        """The value after the newest input."""

    @property
    def warmup(self) -> int:
        """How many candles must have been seen before the value is used."""


INDICATORS: dict[str, type[Ema | ZScore]] = {"ema": Ema, "zscore": ZScore}
AnyIndicator = Ema | ZScore | Cusum

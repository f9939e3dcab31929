"""What makes a row a candle. The first row that breaks a rule is refused, with the numbers that break it."""

import numpy as np

from kernel.money import canonical_text, from_units
from kernel.timeframe import iso
from research.importing.candles import Candles
from research.importing.origin import Origin
from venues.columns import Units

__all__ = ["check_candles", "check_order"]


def check_order(times: Units, origin: Origin) -> None:
    """Errors: DataRefused where a row opens before the one above it. Equal times are judged later, by their values."""
    backwards = np.diff(times) < 0
    if backwards.any():
        row = int(backwards.argmax()) + 1
        reason = f"out of order: opens at {iso(int(times[row]))}, after {iso(int(times[row - 1]))} in the row above"
        raise origin.refused(row, reason, fix="sort the file by time")


def check_candles(candles: Candles, origin: Origin) -> None:
    """Errors: DataRefused for a price that is not positive, a negative volume, or prices outside low to high."""
    rows, decimals = candles.rows, candles.price_decimals
    for name in ("open", "high", "low", "close"):
        _refuse(getattr(rows, name) <= 0, origin, [(name, getattr(rows, name), decimals)], "must be above zero")
    _refuse(rows.volume < 0, origin, [("volume", rows.volume, candles.volume_decimals)], "must not be negative")
    low, high = ("low", rows.low, decimals), ("high", rows.high, decimals)
    _refuse(rows.high < rows.low, origin, [high, low], "high is below low")
    for name in ("open", "close"):
        column = getattr(rows, name)
        outside = (column > rows.high) | (column < rows.low)
        _refuse(outside, origin, [(name, column, decimals), low, high], f"{name} is outside low to high")


def _refuse(broken: Units, origin: Origin, shown: list[tuple[str, Units, int]], rule: str) -> None:
    if np.any(broken):
        row = int(np.argmax(broken))
        values = ", ".join(f"{name} {canonical_text(from_units(int(units[row]), d))}" for name, units, d in shown)
        raise origin.refused(row, f"{values}: {rule}")

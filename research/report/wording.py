"""Figures as people read them. Exact texts are for tables that must add up; elsewhere two decimals will do."""

from collections.abc import Mapping
from typing import Any

from kernel.timeframe import iso

__all__ = ["NOTHING", "amount", "count", "duration", "flattened", "minute", "number", "percent", "share", "whole"]

NOTHING = "–"  # noqa: RUF001 - the dash of a figure that is not there
_UNITS = ((86_400, "d"), (3_600, "h"), (60, "m"), (1, "s"))


def amount(value: Any) -> str:
    """Money, to the cent; below one, to six digits that say something."""
    if value is None:
        return NOTHING
    rough = float(value)
    return f"{rough:,.2f}" if rough == 0 or abs(rough) >= 1 else f"{rough:.6g}"


def whole(value: Any) -> str:
    """Money where cents would be in the way: from 100,000 on without them."""
    return f"{float(value):,.0f}" if abs(float(value)) >= 100_000 else amount(value)


def percent(value: float | None, *, signed: bool = False) -> str:
    """A share: 0.1234 is 12.34 %. Of a very small one, the digits that say something."""
    if value is None:
        return NOTHING
    form = ".2g" if 0 < abs(value) < 0.00005 else ",.2f"
    return f"{value * 100:{'+' if signed else ''}{form}} %"


def share(value: float | None) -> str:
    """A share in whole percent: 12 %."""
    return NOTHING if value is None else f"{value * 100:,.0f} %"


def number(value: float | None) -> str:
    """A ratio, with two decimals."""
    return NOTHING if value is None else f"{value:,.2f}"


def count(value: int, noun: str = "") -> str:
    """How many: "1 trade", "1,204 trades"."""
    return f"{value:,} {noun}{'' if value == 1 else 's'}" if noun else f"{value:,}"


def duration(seconds: float | None) -> str:
    """The two largest units: 2 d 4 h."""
    if seconds is None:
        return NOTHING
    left = round(seconds)
    parts: list[str] = []
    for length, unit in _UNITS:
        whole, left = divmod(left, length)
        if whole or parts:
            parts.append(f"{whole} {unit}" if whole else "")
    return " ".join(part for part in parts[:2] if part) or "0 s"


def minute(ts: int | None) -> str:
    """A time, to the minute: 2022-06-13 14:00."""
    return NOTHING if ts is None else iso(ts)[:16].replace("T", " ")


def flattened(value: Any, name: str = "") -> list[tuple[str, str]]:
    """A tree as lines of dotted names and values; what is empty is left out."""
    if isinstance(value, Mapping):
        return [line for key, item in value.items() for line in flattened(item, f"{name}.{key}" if name else str(key))]
    if isinstance(value, list | tuple):
        if all(not isinstance(item, Mapping | list | tuple) for item in value):
            return [(name, ", ".join(map(str, value)))] if value else []
        return [line for place, item in enumerate(value) for line in flattened(item, f"{name}.{place}")]
    return [] if value is None or value == "" else [(name, str(value))]

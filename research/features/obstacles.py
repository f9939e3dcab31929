"""Why a feature cannot be made of some candles: their length, a market that is not there, a group that is off."""

from collections.abc import Collection, Iterable, Sequence
from difflib import get_close_matches

from kernel.errors import ConfigError
from kernel.features.declaration import Feature
from kernel.features.resolve import needed
from kernel.indicators.kind import COLUMNS
from kernel.timeframe import timeframe_ns

__all__ = ["check_groups", "obstacles", "refuse"]


def obstacles(
    declared: Sequence[Feature],
    wanted: Iterable[str],
    base_ns: int,
    *,
    symbols: Collection[str] | None = None,
    off: Collection[str] = (),
) -> dict[str, str]:
    """The wanted features that cannot be made, and why. With no `symbols` named, every market is taken to be there."""
    own = {feature.name: _obstacle(feature, base_ns, symbols, off) for feature in declared}
    found = {}
    for name in wanted:
        for feature in needed(declared, [name]):
            if own[feature.name]:
                found[name] = ("" if feature.name == name else f"it reads {feature.name}: ") + own[feature.name]
    return found


def refuse(found: dict[str, str]) -> None:
    """Errors: ConfigError when there are obstacles, naming all."""
    if found:
        reasons = "; ".join(f"{name}: {why}" for name, why in found.items())
        raise ConfigError(
            f"these features cannot be made here: {reasons}", fix="leave them out, or give what they need"
        )


def check_groups(declared: Sequence[Feature], names: Iterable[str]) -> None:
    """Errors: ConfigError for a group that no feature belongs to."""
    known = sorted({feature.group for feature in declared if feature.group})
    for name in names:
        if name not in known:
            near = get_close_matches(name, known, n=1, cutoff=0.0)
            hint = f"did you mean {near[0]!r}? " if near else ""
            raise ConfigError(f"no feature is in a group {name!r}", fix=f"{hint}known: {', '.join(known)}")


def _obstacle(feature: Feature, base_ns: int, symbols: Collection[str] | None, off: Collection[str]) -> str:
    """What stands in a feature's own way; empty for nothing."""
    if feature.group and feature.group in off:
        return f"group {feature.group} is off"
    length = timeframe_ns(feature.timeframe) if feature.timeframe else base_ns
    if length % base_ns:
        return f"bars of {feature.timeframe} cannot be made of these candles"
    for text in feature.inputs:
        symbol, _, column = text.rpartition(":")
        if symbol and column in COLUMNS and symbols is not None and symbol not in symbols:
            return f"there are no candles of {symbol}"
    return ""

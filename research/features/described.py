"""What can be said of a declared feature without any data."""

from collections.abc import Sequence
from difflib import get_close_matches
from importlib import import_module
from typing import Any

from kernel.errors import ConfigError
from kernel.features.declaration import Feature, checked
from kernel.features.resolve import Resolver
from kernel.features.warmup import warmups
from kernel.indicators.kind import COLUMNS, Whole
from kernel.indicators.registry import kind_named
from research.features.obstacles import obstacles

__all__ = ["describe", "found", "summarize", "warmup_of"]


def summarize(declared: Sequence[Feature], feature: Feature, base_ns: int) -> dict[str, Any]:
    """A feature as the list shows it; `output` only where it is not the kind's first.

    `warmup` is in candles of `base_ns`, None where it cannot be made of them.
    """
    whole = checked(feature)
    facts = {
        "name": whole.name,
        "kind": whole.kind,
        "inputs": list(whole.inputs),
        "params": whole.params,
        "group": whole.group,
        "warmup": warmup_of(declared, whole.name, base_ns),
    }
    facts |= {"timeframe": whole.timeframe} if whole.timeframe else {}
    return facts | ({"output": whole.output} if whole.output != next(iter(kind_named(whole.kind).outputs)) else {})


def warmup_of(declared: Sequence[Feature], name: str, base_ns: int) -> int | None:
    """From which candle on a feature has a value (1: the first); None where it cannot be made of such candles."""
    if obstacles(declared, [name], base_ns):
        return None
    resolver = Resolver(declared, base_ns)
    origin = resolver.feature(name)
    return warmups(resolver.drafts, resolver.sources, base_ns)(origin)


def found(declared: Sequence[Feature], name: str) -> Feature:
    """The declaration of a name. Errors: ConfigError naming the nearest."""
    for feature in declared:
        if feature.name == name:
            return feature
    near = get_close_matches(name, [feature.name for feature in declared], n=3, cutoff=0.0)
    raise ConfigError(
        f"no feature is declared as {name!r}", fix=f"nearest are: {', '.join(near)}; candled features list shows all"
    )


def describe(declared: Sequence[Feature], name: str, base_ns: int) -> dict[str, Any]:
    """All there is to say of a feature; `bounds` are those of its parameters, `state` is what it keeps in memory.

    Errors: ConfigError when nobody declares it.
    """
    feature = found(declared, name)
    whole, kind = checked(feature), kind_named(feature.kind)
    floats, ints = kind.room(*whole.params.values())
    bounds = {
        key: {"low": b.low, "high": b.high, "default": b.default, "whole": isinstance(b, Whole)}
        for key, b in kind.parameters.items()
    }
    return {
        **summarize(declared, feature, base_ns),
        "output": whole.output,
        "outputs": list(kind.outputs),
        "bounds": bounds,
        "memory": kind.memory,
        "cost": kind.cost,
        "state": {"floats": floats, "ints": ints},
        "reads": _reads(declared, feature),
        "read_by": [f.name for f in declared if name in checked(f).inputs and name not in COLUMNS],
        "about": import_module(f"kernel.indicators.{kind.name}").__doc__ or "",
    }


def _reads(declared: Sequence[Feature], feature: Feature) -> list[dict[str, Any]]:
    """Its inputs, each with its own, down to the columns."""
    by_name = {f.name: f for f in declared}
    made = [(text, by_name.get(text) if text not in COLUMNS else None) for text in checked(feature).inputs]
    return [{"input": text, "reads": [] if read is None else _reads(declared, read)} for text, read in made]

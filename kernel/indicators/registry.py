"""Finds the indicator kinds: every module of this package that has a `KIND`, which must be called as its file is."""

import pkgutil
from difflib import get_close_matches
from functools import cache
from importlib import import_module
from importlib.util import find_spec

from kernel import indicators
from kernel.errors import ConfigError
from kernel.indicators.kind import Kind

__all__ = ["all_kinds", "kind_named"]


@cache
def kind_named(name: str) -> Kind:
    """The kind in `kernel/indicators/<name>.py`; the others are not even imported. Errors: ConfigError."""
    module = f"{indicators.__name__}.{name}"
    if name.isidentifier() and find_spec(module) is not None:
        found = getattr(import_module(module), "KIND", None)
        if isinstance(found, Kind):
            return found
    known = sorted(all_kinds())
    near = get_close_matches(name, known, n=1, cutoff=0.0)
    raise ConfigError(
        f"there is no indicator kind {name!r}", fix=f"did you mean {near[0]!r}? known: {', '.join(known)}"
    )


@cache
def all_kinds() -> dict[str, Kind]:
    """Every kind there is, by name, in alphabetical order."""
    modules = (import_module(f"{indicators.__name__}.{m.name}") for m in pkgutil.iter_modules(indicators.__path__))
    kinds = (found for module in modules if isinstance(found := getattr(module, "KIND", None), Kind))
    return {kind.name: kind for kind in sorted(kinds, key=lambda kind: kind.name)}

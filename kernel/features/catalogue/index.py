"""All declared features: what every module of this package lists in its `FEATURES`."""

import pkgutil
from functools import cache
from importlib import import_module

from kernel.errors import InvariantBroken
from kernel.features import catalogue as package
from kernel.features.declaration import Feature

__all__ = ["catalogue"]


@cache
def catalogue() -> tuple[Feature, ...]:
    """Every declared feature, in alphabetical order of the files, then as declared."""
    modules = sorted(m.name for m in pkgutil.iter_modules(package.__path__))
    found = [f for name in modules for f in getattr(import_module(f"{package.__name__}.{name}"), "FEATURES", ())]
    names = [f.name for f in found]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InvariantBroken(f"declared twice: {', '.join(twice)}")
    return tuple(found)

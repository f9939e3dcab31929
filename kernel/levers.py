"""A strategy as its levers set it: what is switched off is gone, and another model may stand in for the first."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from msgspec.structs import replace

from kernel.errors import ConfigError
from kernel.features.catalogue.index import catalogue
from kernel.features.declaration import Feature
from kernel.features.resolve import needed
from kernel.strategy import Model, Strategy

__all__ = ["declared_features", "in_force", "with_model"]


def in_force(strategy: Strategy) -> Strategy:
    """The strategy that runs. Errors: ConfigError for a lever that moves nothing."""
    levers = strategy.levers
    filters = [f.name for f in strategy.filters]
    _known(levers.filters, filters, "strategy.levers.filters", "filter")
    _known([levers.model] if levers.model else [], strategy.models, "strategy.levers.model", "model")
    if levers.groups:
        groups = {f.group for f in (*strategy.features, *catalogue()) if f.group}
        _known(levers.groups, groups, "strategy.levers.groups", "group of features")
    return replace(
        strategy,
        model=strategy.models[levers.model] if levers.model else strategy.model,
        gate=strategy.gate if levers.gate else None,
        filters=tuple(f for f in strategy.filters if levers.filters.get(f.name, True)),
    )


def with_model(strategy: Strategy, model: Model) -> Strategy:
    """The strategy with another model in place of the one that runs."""
    if not strategy.levers.model:
        return replace(strategy, model=model)
    return replace(strategy, models=strategy.models | {strategy.levers.model: model})


def declared_features(strategy: Strategy, wanted: Sequence[str]) -> tuple[Feature, ...]:
    """The declarations that the wanted features stand on: the strategy's own before those of the catalogue.

    Errors: ConfigError for a feature that nobody declares, or whose group is switched off.
    """
    own = {f.name for f in strategy.features}
    declared: Sequence[Feature] = strategy.features
    if not all(name in own for name in wanted) or not _closed(strategy.features):
        declared = (*strategy.features, *(f for f in catalogue() if f.name not in own))
    found = needed(declared, wanted)
    for name in wanted:
        if name not in {f.name for f in found}:
            near = get_close_matches(name, [f.name for f in declared], n=3, cutoff=0.0)
            raise ConfigError(
                f"the strategy reads a feature {name!r} that is declared nowhere",
                fix=f"declare it, or use one of the catalogue; nearest are: {', '.join(near)}",
            )
    for feature in found:
        if not strategy.levers.groups.get(feature.group, True):
            raise ConfigError(
                f"feature {feature.name} is needed, and its group {feature.group!r} is switched off",
                fix=f"leave strategy.levers.groups.{feature.group} on, or use a model that does not need it",
            )
    return found


def _closed(features: Iterable[Feature]) -> bool:
    """Whether the features read nothing but columns, numbers and each other (as far as their names tell)."""
    names = {f.name for f in features}
    return all(text in names or text in _PLAIN or ":" in text or text[0] in "-.0123456789"
               for f in features for text in f.inputs)  # fmt: skip


_PLAIN = ("open", "high", "low", "close", "volume", "minute")


def _known(given: Iterable[str], known: Iterable[str], where: str, what: str) -> None:
    for name in given:
        if name not in set(known):
            names = ", ".join(sorted(known)) or "none"
            raise ConfigError(f"{where}: there is no {what} {name!r} to switch", fix=f"there are: {names}")

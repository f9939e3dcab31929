"""What runs inside: each strategy's steps, model, features and groups of them."""

from msgspec.structs import replace

from kernel.context import STEP_NAMES
from kernel.kernel import Kernel
from kernel.levers import declared_features, in_force
from service.api.answers import Module
from service.definition import RunDefinition, StrategyDefinition

__all__ = ["as_switched", "groups_of", "modules_of"]


def modules_of(definition: RunDefinition, kernel: Kernel) -> list[Module]:
    """Every strategy, its groups of features all on: what never changes, to be made once."""
    return [_module(defined, kernel) for defined in definition.strategies]


def as_switched(modules: list[Module], kernel: Kernel) -> list[Module]:
    """The same, with the groups that commands have switched off."""
    off = kernel.state.groups_off
    return [replace(module, groups={name: name not in off for name in module.groups}) for module in modules]


def groups_of(modules: list[Module]) -> list[str]:
    """The groups that can be switched."""
    return sorted({name for module in modules for name in module.groups})


def _module(defined: StrategyDefinition, kernel: Kernel) -> Module:
    strategy = in_force(defined.strategy)
    symbols = list(kernel.state.books[strategy.name].positions)
    wanted = [*kernel.inputs(strategy.name, symbols[0]).wanted] if symbols else []
    if strategy.gate is not None and strategy.gate.volatility:
        wanted.append(strategy.gate.volatility)
    features = declared_features(strategy, wanted)
    absent = {"CusumGate": strategy.gate is None, "FilterChain": not strategy.filters}
    return Module(
        strategy=strategy.name,
        model=str(strategy.model.__struct_config__.tag),
        model_hash=defined.model_hash,
        transform=strategy.transform,
        symbols=symbols,
        steps=[step for step in STEP_NAMES if not absent.get(step)],
        filters=[each.name for each in strategy.filters],
        features=[feature.name for feature in features],
        groups=dict.fromkeys(sorted({feature.group for feature in features if feature.group}), True),
    )

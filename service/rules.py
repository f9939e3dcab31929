"""A user's own rule: its sources are hashed into the run and kept beside it, and what runs is what was kept.

This is the door to code that is not ours: whatever it raises, here it becomes the fault of the rule, by name.
"""

import importlib.util
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import msgspec

from kernel.errors import CheckFailed, ConfigError, RuleFailed
from kernel.models.prediction import Prediction
from kernel.models.rule import PythonRule, Rule
from kernel.state import Market, Position
from kernel.timeframe import iso
from service.code_hash import code_hash, sources_beside
from service.durable import replace_durably

__all__ = ["RuleSources", "load_rule", "read_rule"]

Predict = Callable[[Sequence[float], Market, Position], Prediction | None]

_SIDES = (-1, 0, 1)
_MEND = "mend the rule and run again; it is another run then, with an id of its own"


@dataclass(frozen=True, slots=True)
class RuleSources:
    """A rule as a run knows it: `config` names its file without any folder, `files` holds it and what it imports."""

    config: PythonRule
    files: Mapping[str, bytes]

    @property
    def hash(self) -> str:
        """The hash over all files."""
        return code_hash(self.files)

    def keep(self, folder: Path) -> None:
        """Write the files into a folder of the run, where `load_rule` finds them."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in self.files.items():
            replace_durably(folder / name, content)


def read_rule(config: PythonRule, beside: Path) -> RuleSources:
    """Read the rule that a strategy file names, and what it imports from its folder. Errors: ConfigError."""
    file, name = _parts(config)
    path = beside / file
    return RuleSources(msgspec.structs.replace(config, source=f"{path.name}:{name}"), sources_beside(path))


def load_rule(config: PythonRule, folder: Path, code: str) -> Callable[[], Rule]:
    """A maker of fresh rules, from the sources kept in a folder of the run, which must hash to `code`.

    Errors: CheckFailed when they were altered; ConfigError naming what does not fit; RuleFailed when its code raises.
    """
    file, name = _parts(config)
    path = folder / file
    if code_hash(sources_beside(path)) != code:
        raise CheckFailed(f"{path.parent} was altered: it no longer holds the rule that ran", fix="run it anew")
    try:
        found = vars(_module(path)).get(name)
    except Exception as error:  # the rule is not our code: anything can come out of it
        raise RuleFailed(f"the rule {file} cannot be imported: {_described(error)}", fix=_MEND) from error
    if not isinstance(found, type) or not issubclass(found, Rule):
        raise ConfigError(
            f"strategy.model.source: {file} has no class {name} that is a kernel.models.rule.Rule",
            fix="subclass Rule, as examples/own_rule.py does",
        )

    def make() -> Rule:
        try:
            rule: Rule = found(**config.parameters)
        except TypeError as error:
            raise ConfigError(f"strategy.model.parameters do not fit {name}: {error}") from error
        except Exception as error:  # as above
            raise RuleFailed(f"the rule {config.source} cannot be made: {_described(error)}", fix=_MEND) from error
        rule.predict = _guarded(rule.predict, config.source)  # type: ignore[method-assign, assignment]
        return rule

    return make


def _guarded(predict: Predict, source: str) -> Predict:
    """`predict`, with every word that it says checked. Errors: RuleFailed naming the rule and the candle."""

    def guarded(values: Sequence[float], market: Market, position: Position) -> Prediction | None:
        try:
            said = predict(values, market, position)
        except Exception as error:  # as above
            raise RuleFailed(f"{_on(market)} raised {_described(error)}", fix=_MEND) from error
        if said is None or (isinstance(said, Prediction) and said.direction in _SIDES and 0 <= said.confidence <= 1):
            return said
        raise RuleFailed(f"{_on(market)} gave {said!r}", fix="give None, LONG, FLAT, SHORT or another Prediction")

    def _on(market: Market) -> str:
        return f"the rule {source}, on the candle of {market.instrument.symbol} that opens at {iso(market.open_time)},"

    return guarded


def _described(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def _parts(config: PythonRule) -> tuple[str, str]:
    file, colon, name = config.source.rpartition(":")
    if not colon or not file.endswith(".py") or not name.isidentifier():
        raise ConfigError(
            f"strategy.model.source = {config.source!r} does not name a class", fix='write it as "my_rule.py:MyRule"'
        )
    return file, name


def _module(path: Path) -> ModuleType:
    """Import a rule's file; modules of its folder are importable meanwhile, and forgotten after."""
    spec = importlib.util.spec_from_file_location(f"candled_rule_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is no module")
    module = importlib.util.module_from_spec(spec)
    siblings = {file.stem for file in path.parent.glob("*.py")}
    hidden = {name: sys.modules.pop(name) for name in siblings & sys.modules.keys()}
    sys.path.insert(0, str(path.parent))
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(path.parent))
        for name in siblings & sys.modules.keys():
            del sys.modules[name]
        sys.modules.update(hidden)
    return module

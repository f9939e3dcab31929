"""A user's own rule: its sources are hashed into the run and kept beside it, and what runs is what was kept."""

import importlib.util
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kernel.errors import ConfigError
from kernel.models.rule import PythonRule, Rule
from service.code_hash import code_hash, sources_beside

__all__ = ["RuleSources", "load_rule", "read_rule"]

_FOLDER = "strategy"


@dataclass(frozen=True, slots=True)
class RuleSources:
    """The files of a rule by name, the rule's own among them."""

    files: Mapping[str, bytes]

    @property
    def hash(self) -> str:
        """The hash over all files."""
        return code_hash(self.files)

    def keep(self, run: Path) -> None:
        """Write the files below a run's directory, where `load_rule` finds them."""
        folder = run / _FOLDER
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in self.files.items():
            (folder / name).write_bytes(content)


def read_rule(config: PythonRule, beside: Path) -> RuleSources:
    """Read the rule that a strategy file names, and what it imports from its folder. Errors: ConfigError."""
    file, _ = _parts(config)
    return RuleSources(sources_beside(beside / file))


def load_rule(config: PythonRule, run: Path) -> Callable[[], Rule]:
    """A maker of fresh rules, from the sources kept with the run. Errors: ConfigError naming what does not fit."""
    file, name = _parts(config)
    found = vars(_module(run / _FOLDER / Path(file).name)).get(name)
    if not isinstance(found, type) or not issubclass(found, Rule):
        raise ConfigError(
            f"strategy.model.source: {file} has no class {name} that is a kernel.models.rule.Rule",
            fix="subclass Rule, as examples/own_rule.py does",
        )

    def make() -> Rule:
        try:
            made: Rule = found(**config.parameters)
        except TypeError as error:
            raise ConfigError(f"strategy.model.parameters do not fit {name}: {error}") from None
        return made

    return make


def _parts(config: PythonRule) -> tuple[str, str]:
    file, colon, name = config.source.rpartition(":")
    if not colon or not file.endswith(".py") or not name.isidentifier():
        raise ConfigError(
            f"strategy.model.source = {config.source!r} does not name a class", fix='write it as "my_rule.py:MyRule"'
        )
    return file, name


def _module(path: Path) -> Any:
    """Import a rule's file; modules of its folder are importable meanwhile, and forgotten after."""
    spec = importlib.util.spec_from_file_location(f"candled_rule_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise ConfigError(f"{path} cannot be imported")
    module = importlib.util.module_from_spec(spec)
    siblings = {file.stem for file in path.parent.glob("*.py")}
    hidden = {name: sys.modules.pop(name) for name in siblings & sys.modules.keys()}
    sys.path.insert(0, str(path.parent))
    try:
        spec.loader.exec_module(module)
    except (ImportError, NameError, AttributeError, TypeError, ValueError) as error:
        raise ConfigError(f"the rule {path.name} cannot be imported: {error}") from error
    finally:
        sys.path.remove(str(path.parent))
        for name in siblings & sys.modules.keys():
            del sys.modules[name]
        sys.modules.update(hidden)
    return module

"""The batch graph in Hamilton's hands: built from typed functions, toggled by group, executed, drawn.

Hamilton is imported here and nowhere else, and this module only where a graph is needed: it brings pandas along.
"""

import os
import sys
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from shutil import which
from subprocess import CalledProcessError
from types import ModuleType
from typing import Any, NamedTuple

os.environ["HAMILTON_TELEMETRY_ENABLED"] = "false"  # it would call home
os.environ["HAMILTON_AUTOLOAD_EXTENSIONS"] = "0"  # it would import every data frame library there is

from hamilton import base, driver  # type: ignore[import-untyped]
from hamilton.function_modifiers import config  # type: ignore[import-untyped]
from hamilton.lifecycle import NodeExecutionHook  # type: ignore[import-untyped]

from kernel.errors import UsageError
from research.features.nodes import (
    Function,
    Keep,
    Scanner,
    column_function,
    feature_function,
    fitting_scanner,
    source_function,
)
from research.features.wiring import Wiring

__all__ = ["Graph", "Lineage", "feature_graph"]

Done = Callable[[str], None]


class Lineage(NamedTuple):
    """A node, the nodes that it reads, and what it is."""

    name: str
    reads: tuple[str, ...]
    about: str

    def __str__(self) -> str:
        return (
            f"{self.name} <- {', '.join(self.reads)}    {self.about}" if self.reads else f"{self.name}    {self.about}"
        )


class Graph:
    """The functions of a module as Hamilton's nodes, toggled by its config. `done` is told of every computed node."""

    def __init__(
        self, module: ModuleType, toggles: Mapping[str, bool] | None = None, done: Done = lambda _name: None
    ) -> None:
        builder = driver.Builder().with_modules(module).with_config(dict(toggles or {}))
        self._driver = builder.with_adapters(base.DictResult(), _Told(done)).build()

    def execute(
        self, names: Sequence[str], inputs: Mapping[str, Any], known: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """The values of some nodes. What is `known` is taken as it is, and what only it stands on is not computed."""
        return dict(self._driver.execute(list(names), inputs=dict(inputs), overrides=dict(known or {})))

    def names(self) -> list[str]:
        """Every node that is computed."""
        return sorted(v.name for v in self._driver.list_available_variables() if not v.is_external_input)

    def lineage(self, names: Sequence[str]) -> list[Lineage]:
        """What the named nodes stand on, themselves included, each after what it reads."""
        nodes = {node.name: node for node in self._driver.what_is_upstream_of(*names)}
        told: dict[str, Lineage] = {}

        def tell(name: str) -> None:
            if name not in told:
                reads = tuple(sorted(nodes[name].required_dependencies))
                for read in reads:
                    tell(read)
                told[name] = Lineage(name, reads, nodes[name].documentation or "Given.")

        for name in sorted(nodes):
            tell(name)
        return list(told.values())

    def drawing(self, names: Sequence[str], form: str) -> bytes:
        """What the named nodes stand on as Hamilton draws it: as svg or png, which graphviz makes, or as its own dot.

        Errors: UsageError where graphviz is not installed, or does not get it done.
        """
        picture = self._driver.visualize_execution(list(names), bypass_validation=True, show_legend=False)
        if form == "dot":
            return str(picture.source).encode()
        if which("dot") is None:
            raise UsageError(
                "graphviz is not installed: there is no dot to draw with", fix="install it, or ask for .dot"
            )
        try:
            return bytes(picture.pipe(format=form, quiet=True))
        except CalledProcessError as error:
            raise UsageError(f"graphviz failed with exit code {error.returncode}", fix="ask for .dot") from None


def feature_graph(
    wiring: Wiring,
    *,
    off: Collection[str] = (),
    scanner: Callable[[int], Scanner] = fitting_scanner,
    keep: Keep = lambda _name, _values: None,
    done: Done = lambda _name: None,
) -> Graph:
    """Every node of the wiring, but for features of the groups that are off. `keep` is given their values."""
    functions = [source_function(node) for node in wiring.sources.values()]
    functions += [column_function(node) for node in wiring.columns.values()]
    functions += [feature_function(node, scanner, keep) for node in wiring.features.values()]
    groups = {name: node.declared.group for name, node in wiring.features.items() if node.declared.group}
    toggles = {_key(group): group not in off for group in groups.values()}
    with _as_module([_toggled(function, groups.get(function.__name__, "")) for function in functions]) as module:
        return Graph(module, toggles, done)


class _Told(NodeExecutionHook):  # type: ignore[misc]
    """Tells of every node after it was computed."""

    def __init__(self, done: Done) -> None:
        self._done = done

    def run_before_node_execution(self, **_about: Any) -> None:
        """Nothing to do."""

    def run_after_node_execution(self, *, node_name: str, success: bool, **_about: Any) -> None:
        """Tell, unless it failed: then there is an exception on its way."""
        if success:
            self._done(node_name)


def _key(group: str) -> str:
    return f"GROUP_{group}"  # no feature is called so: their names have no capitals


def _toggled(function: Function, group: str) -> Function:
    """The function, there only where its group is on."""
    return config.when(name=function.__name__, **{_key(group): True})(function) if group else function


@contextmanager
def _as_module(functions: Sequence[Function]) -> Iterator[ModuleType]:
    """A module of these functions, to be found by its name for as long as Hamilton looks at it."""
    module = ModuleType("candled_batch_graph")
    for function in functions:
        function.__module__ = module.__name__
        setattr(module, function.__name__, function)
    sys.modules[module.__name__] = module
    try:
        yield module
    finally:
        del sys.modules[module.__name__]

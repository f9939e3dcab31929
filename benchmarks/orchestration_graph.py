"""A case as Hamilton nodes: functions whose names and inputs make the graph, and the driver over them."""

import logging
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from inspect import Parameter, Signature
from typing import Any

from orchestration_work import Account, Case, admitted, engineered, inferred

from kernel.features.plan import Node

os.environ |= {"HAMILTON_TELEMETRY_ENABLED": "false", "HAMILTON_AUTOLOAD_EXTENSIONS": "0"}

Function = Callable[..., Any]


def named(function: Function, name: str, returns: type, **inputs: type) -> Function:
    """The function as Hamilton wants a node: its name, and its inputs with their types."""
    parameters = [Parameter(key, Parameter.POSITIONAL_OR_KEYWORD, annotation=kind) for key, kind in inputs.items()]
    function.__name__ = name
    function.__annotations__ = {**inputs, "return": returns}
    function.__signature__ = Signature(parameters, return_annotation=returns)  # type: ignore[attr-defined]
    return function


@dataclass(slots=True)
class State:
    """What the nodes read: the two arrays of the indicators, and the candle."""

    floats: list[float]
    ints: list[int]
    candle: Any = None


class Graph:
    """The nodes of a case. An execute has one input, `state`: the more inputs a node has, the more it costs."""

    def __init__(self, case: Case) -> None:
        engine = case.engine()
        self.case, self.update = case, engine.update
        self.state = State(engine.f, engine.n)
        self.inputs = {"state": self.state}
        self.names = [f"indicator_{k}" for k in range(case.nodes - 5)]
        self.slot, self.level, self.fit = case.plan.watched["gate"], case.level, case.fit
        self.execute = Account().execute

    def read(self, k: int, *, after_gate: bool = False) -> Function:
        """An indicator that was updated already."""
        emit, i, j = self.case.emits()[k]
        if after_gate:
            return named(
                lambda state, gate: None if gate is None else emit(state.floats, state.ints, i, j),
                self.names[k], float, state=State, gate=object,
            )  # fmt: skip
        return named(lambda state: emit(state.floats, state.ints, i, j), self.names[k], float, state=State)

    def update_and_read(self, k: int) -> Function:
        """An indicator that is updated here."""
        node, output = self.case.plan.output(self.case.plan.names[k])
        return updating(node, output.emit, self.names[k])

    def gate(self) -> Function:
        """The gate's value as the update has left it."""
        slot = self.slot
        return named(lambda state: state.floats[slot], "gate", float, state=State)

    def rest(self, *, sentinel: bool = False) -> list[Function]:
        """Feature engineering, inference, filters."""
        names, fit = self.names, self.fit

        def vector(**values: Any) -> Any:
            if sentinel and values[names[0]] is None:
                return None
            return engineered([values[name] for name in names], fit)

        return [
            named(vector, "vector", list, **dict.fromkeys(names, float)),
            named(lambda vector: None if vector is None else inferred(vector, fit), "score", float, vector=list),
            named(lambda score: score is not None and admitted(score), "admitted", bool, score=float),
        ]

    def decision(self, name: str = "decision") -> Function:
        """Execution, for candles that have passed the gate."""
        execute = self.execute
        return named(
            lambda state, score, admitted: execute(state.candle, score) if admitted else None,
            name, object, state=State, score=float, admitted=bool,
        )  # fmt: skip

    def gated_decision(self) -> Function:
        """Execution that looks at the gate itself."""
        execute, level = self.execute, self.level
        return named(
            lambda state, gate, score, admitted: execute(state.candle, score) if gate >= level and admitted else None,
            "decision", object, state=State, gate=float, score=float, admitted=bool,
        )  # fmt: skip


def build(functions: Sequence[Function], **config: str) -> Any:
    """A driver, its results in a dict."""
    from hamilton import ad_hoc_utils, driver

    logging.getLogger("hamilton").setLevel(logging.CRITICAL + 1)  # it writes an essay for every exception
    module = ad_hoc_utils.create_temporary_module(*functions)
    return driver.Builder().with_modules(module).with_config(config).build()


def updating(node: Node, emit: Function, name: str) -> Function:
    """A node that updates an indicator and reads it."""
    update, i, j, places = node.kind.update, node.i, node.j, node.inputs

    def compute(state: State) -> float:
        floats = state.floats
        update(floats, state.ints, i, j, *[floats[place] for place in places])
        return emit(floats, state.ints, i, j)

    return named(compute, name, float, state=State)


def ungated(graph: Graph) -> list[Function]:
    return [graph.gate(), *(graph.read(k) for k in range(len(graph.names))), *graph.rest()]

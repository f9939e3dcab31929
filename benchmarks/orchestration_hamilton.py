"""The same nodes as a Hamilton graph, executed candle by candle, with every idiom for a gate that we could find.

`all`: everything is computed, the last node looks at the gate. `inside`: the same, and each node updates its indicator
itself. `raise`: the gate raises, and `execute` with it. `sentinel`: every node hands None on. `two executes`: the gate
alone, then the rest if it is open. `config.when`: two graphs, the gate's value picks one. `rebuilt`: the literal
@config.when, a driver built for each candle.
"""

from collections.abc import Callable
from typing import Any

from orchestration_graph import Function, Graph, State, build, named, ungated, updating
from orchestration_work import Case, Decision, Step

from kernel.messages import CandleClosed


class GateShut(Exception):
    """Raised by the gate's node."""


def stepping(graph: Graph, decide: Callable[[], Decision | None]) -> Step:
    """Update the indicators, then let Hamilton do the rest."""
    update, state = graph.update, graph.state

    def step(candle: CandleClosed) -> Decision | None:
        update(candle)
        state.candle = candle
        return decide()

    return step


def deciding(driver: Any, graph: Graph) -> Callable[[], Decision | None]:
    """One execute, for the decision."""
    execute, inputs = driver.execute, graph.inputs
    return lambda: execute(["decision"], inputs=inputs)["decision"]


def everything(case: Case) -> Step:
    graph = Graph(case)
    return stepping(graph, deciding(build([*ungated(graph), graph.gated_decision()]), graph))


def inside(case: Case) -> Step:
    graph = Graph(case)
    node = case.plan.nodes[case.plan.origins[graph.slot].node]
    gate = updating(node, node.kind.outputs["open"].emit, "gate")
    indicators = [graph.update_and_read(k) for k in range(len(graph.names))]
    decide = deciding(build([gate, *indicators, *graph.rest(), graph.gated_decision()]), graph)
    price, volume = 10**case.traded.price_decimals, 10**case.traded.volume_decimals
    state = graph.state

    def step(candle: CandleClosed) -> Decision | None:
        state.candle = candle
        prices = (candle.open / price, candle.high / price, candle.low / price, candle.close / price)
        state.floats[:6] = (*prices, candle.volume / volume, float(candle.open_time // 60_000_000_000))
        return decide()

    return step


def gated_nodes(graph: Graph, gate: Function, *, sentinel: bool) -> list[Function]:
    """Every indicator asks the gate."""
    reads = [graph.read(k, after_gate=True) for k in range(len(graph.names))]
    return [named(gate, "gate", object, state=State), *reads, *graph.rest(sentinel=sentinel), graph.decision()]


def raising(case: Case) -> Step:
    graph = Graph(case)
    slot, level = graph.slot, graph.level

    def gate(state: State) -> float:
        if state.floats[slot] < level:
            raise GateShut
        return 1.0

    decide = deciding(build(gated_nodes(graph, gate, sentinel=False)), graph)

    def caught() -> Decision | None:
        try:
            return decide()
        except GateShut:
            return None

    return stepping(graph, caught)


def sentinel(case: Case) -> Step:
    graph = Graph(case)
    slot, level = graph.slot, graph.level
    nodes = gated_nodes(graph, lambda state: None if state.floats[slot] < level else 1.0, sentinel=True)
    return stepping(graph, deciding(build(nodes), graph))


def two_executes(case: Case) -> Step:
    graph = Graph(case)
    driver = build([*ungated(graph), graph.decision()])
    execute, inputs, level, decide = driver.execute, graph.inputs, graph.level, deciding(driver, graph)
    return stepping(graph, lambda: None if execute(["gate"], inputs=inputs)["gate"] < level else decide())


def switched(graph: Graph) -> list[Function]:
    """`decision` twice, each for one value of the configuration `branch`."""
    from hamilton.function_modifiers import config

    shut = named(lambda gate: None, "decision__shut", object, gate=float)  # noqa: ARG005 - makes it a node
    is_open, is_shut = config.when(branch="open"), config.when(branch="shut")
    return [*ungated(graph), is_open(graph.decision("decision__open")), is_shut(shut)]


def config_when(case: Case) -> Step:
    graph = Graph(case)
    functions, level, inputs = switched(graph), graph.level, graph.inputs
    decide = deciding(build(functions, branch="open"), graph)
    execute = build(functions, branch="shut").execute

    def body() -> Decision | None:
        found = execute(["gate", "decision"], inputs=inputs)
        return found["decision"] if found["gate"] < level else decide()

    return stepping(graph, body)


def rebuilt(case: Case) -> Step:
    graph = Graph(case)
    functions, state, slot, level = switched(graph), graph.state, graph.slot, graph.level

    def body() -> Decision | None:
        driver = build(functions, branch="shut" if state.floats[slot] < level else "open")
        return deciding(driver, graph)()

    return stepping(graph, body)


IDIOMS: dict[str, Callable[[Case], Step]] = {
    "all": everything,
    "inside": inside,
    "raise": raising,
    "sentinel": sentinel,
    "two executes": two_executes,
    "config.when": config_when,
    "rebuilt": rebuilt,
}

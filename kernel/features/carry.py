"""From one plan to another while running: what both compute goes on, what is new starts afresh."""

from kernel.features.engine import Engine, Memory
from kernel.features.plan import Node, Plan
from kernel.features.resolve import Origin

__all__ = ["carry"]


def carry(before: Plan, memory: Memory, fresh: Engine) -> None:
    """Give a fresh engine, of another plan over the same market, all that an engine of the plan `before` remembered."""
    after, clean = fresh.plan, fresh.memory()
    floats, ints = clean.floats, clean.ints
    known = {_key(before, node): node for node in before.nodes}
    for node in after.nodes:
        old = known.get(_key(after, node))
        if old is not None:
            f, n = node.kind.room(*node.params)
            floats[node.i : node.i + f] = memory.floats[old.i : old.i + f]
            ints[node.j : node.j + n] = memory.ints[old.j : old.j + n]
            held = dict(old.stores)
            for output, slot in node.stores:
                emitted = node.kind.outputs[output].emit(memory.floats, memory.ints, old.i, old.j)
                floats[slot] = memory.floats[held[output]] if output in held else emitted
    columns = {_column(before, origin): slot for slot, origin in enumerate(before.origins) if origin.source >= 0}
    for slot, origin in enumerate(after.origins):
        if origin.source >= 0 and _column(after, origin) in columns:
            floats[slot] = memory.floats[columns[_column(after, origin)]]
    makers = {maker.length_ns: maker for maker in memory.bars}
    bars = [makers.get(maker.length_ns, maker) for maker in clean.bars]
    fresh.remember(Memory(floats, ints, bars, memory.newest, memory.earlier))


def _key(plan: Plan, node: Node) -> tuple[object, ...]:
    """What makes nodes of two plans the same: kind, parameters, clock, and the same inputs all the way down."""
    inputs = tuple(_origin(plan, plan.origins[place]) for place in node.inputs)
    return (node.kind.name, node.params, plan.sources[node.clock], inputs)


def _origin(plan: Plan, origin: Origin) -> tuple[object, ...]:
    if origin.node >= 0:
        return (*_key(plan, plan.nodes[origin.node]), origin.output)
    return _column(plan, origin) if origin.source >= 0 else (origin.constant,)


def _column(plan: Plan, origin: Origin) -> tuple[object, ...]:
    return (plan.sources[origin.source], origin.column)

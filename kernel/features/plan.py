"""The plan: which nodes compute the wanted features, in which order, and where everything lies.

A node is one indicator kind with its inputs and parameters; features that differ in nothing but their name or output
share it. All nodes of a market share two flat arrays (kernel/indicators/kind.py):

f: six columns of every source, constants, outputs that others read, the nodes' states, the values of the wanted
features. n: the tables that compiled code follows (tables.py), the nodes' states.
"""

from collections.abc import Sequence
from math import nan
from typing import NamedTuple

from kernel.features.declaration import Feature
from kernel.features.resolve import Draft, Origin, Resolver, Source
from kernel.features.tables import Call, Tables, Work, lay_tables, table_size
from kernel.features.warmup import warmups
from kernel.indicators.kind import COLUMNS, Kind, Output

__all__ = ["Node", "Plan", "make_plan"]


class Node(NamedTuple):
    """One indicator at work. `inputs` are places in `f`; `stores` says where outputs that others read are kept in it.

    `clock` is the place of the source whose candles it counts; its state begins at f[i] and n[j].
    """

    kind: Kind
    params: tuple[int | float, ...]
    inputs: tuple[int, ...]
    clock: int
    i: int
    j: int
    stores: tuple[tuple[str, int], ...]


class Plan(NamedTuple):
    """See the module. `nodes` are in the order of their work.

    Wanted feature `names[k]` is output readings[k][1] of node readings[k][0], has a value from the `warmups[k]`-th base
    candle on, and is written to f[outputs_at + k]. `watched` says where in `f` a watched feature is kept, `origins`
    what each place in `f` before the states holds; `updates` is the work of a candle, `base_ns` the length of one.
    """

    base_ns: int
    names: tuple[str, ...]
    watched: dict[str, int]
    readings: tuple[tuple[int, str], ...]
    warmups: tuple[int, ...]
    sources: tuple[Source, ...]
    nodes: tuple[Node, ...]
    origins: tuple[Origin, ...]
    outputs_at: int
    updates: tuple[Work, ...]
    tables: Tables
    floats: tuple[float, ...]
    ints: tuple[int, ...]

    def output(self, name: str) -> tuple[Node, Output]:
        """The node and output that a wanted feature is."""
        node, output = self.readings[self.names.index(name)]
        return self.nodes[node], self.nodes[node].kind.outputs[output]


def make_plan(declared: Sequence[Feature], wanted: Sequence[str], base_ns: int, *, watched: Sequence[str] = ()) -> Plan:
    """Plan the wanted features over candles of `base_ns`. Watched ones are not emitted, but kept up to date in `f`.

    Errors: ConfigError for a name that nobody declares, a ring, bars that cannot be made of the candles.
    """
    resolver = Resolver(declared, base_ns)
    found = [resolver.feature(name) for name in (*wanted, *watched)]
    drafts, moved = _ordered(resolver.drafts)
    found = [_moved(origin, moved) for origin in found]
    readings, seen = found[: len(wanted)], found[len(wanted) :]
    kept = seen + [origin for draft in drafts for origin in draft.inputs if origin.node >= 0]
    origins = _origins(resolver.sources, drafts, kept)
    slots = {origin: slot for slot, origin in enumerate(origins)}

    updates, emits = _works(drafts, slots), []
    outputs_at = len(origins) + sum(d.kind.room(*d.params)[0] for d in drafts)
    for k, origin in enumerate(readings):
        kind = drafts[origin.node].kind.name
        emits.append(Work(Call(kind, origin.output), 0, origin.node, (outputs_at + k,)))
    emits.sort(key=lambda work: work.call)
    nodes = _placed(drafts, slots, len(origins), table_size(updates, emits))
    tables = lay_tables(updates, emits, [(node.i, node.j) for node in nodes])
    floats, ints = _start(nodes, origins, tables, len(wanted))
    warmup = warmups(drafts, resolver.sources, base_ns)
    return Plan(
        base_ns=base_ns,
        names=tuple(wanted),
        watched={name: slots[origin] for name, origin in zip(watched, seen, strict=True)},
        readings=tuple((origin.node, origin.output) for origin in readings),
        warmups=tuple(warmup(origin) for origin in readings),
        sources=tuple(resolver.sources),
        nodes=nodes,
        origins=origins,
        outputs_at=outputs_at,
        updates=tuple(updates),
        tables=tables,
        floats=floats,
        ints=ints,
    )


def _ordered(drafts: Sequence[Draft]) -> tuple[list[Draft], dict[int, int]]:
    """Banks side by side, inputs first; and where each draft went."""
    order = sorted(range(len(drafts)), key=lambda k: (drafts[k].level, drafts[k].clock, drafts[k].kind.name, k))
    moved = {old: new for new, old in enumerate(order)}
    return [_relinked(drafts[k], moved) for k in order], moved


def _relinked(draft: Draft, moved: dict[int, int]) -> Draft:
    inputs = tuple(_moved(origin, moved) for origin in draft.inputs)
    return Draft(draft.kind, draft.params, inputs, draft.clock, draft.level)


def _moved(origin: Origin, moved: dict[int, int]) -> Origin:
    return origin._replace(node=moved[origin.node]) if origin.node >= 0 else origin


def _origins(sources: Sequence[Source], drafts: Sequence[Draft], kept: Sequence[Origin]) -> tuple[Origin, ...]:
    """What stands at the head of `f`: every column of every source, constants, outputs that are kept."""
    columns = [Origin(source=s, column=c) for s in range(len(sources)) for c in range(len(COLUMNS))]
    constants = [o for draft in drafts for o in draft.inputs if o.node < 0 and o.source < 0]
    return tuple(dict.fromkeys([*columns, *constants, *sorted(kept)]))


def _works(drafts: Sequence[Draft], slots: dict[Origin, int]) -> list[Work]:
    """Updates in order; what a bank's nodes keep is written right after it, before the next bank."""
    works: list[Work] = []
    waiting: list[Work] = []
    previous = None
    for k, draft in enumerate(drafts):
        bank = (draft.level, draft.clock, draft.kind.name)
        if bank != previous:
            works, waiting, previous = works + waiting, [], bank
        places = tuple(slots[origin] for origin in draft.inputs)
        works.append(Work(Call(draft.kind.name, "update"), draft.clock, k, places))
        mine = [(origin.output, slot) for origin, slot in slots.items() if origin.node == k]
        waiting += [Work(Call(draft.kind.name, output), draft.clock, k, (slot,)) for output, slot in mine]
        waiting.sort(key=lambda work: work.call)
    return works + waiting


def _placed(drafts: Sequence[Draft], slots: dict[Origin, int], i: int, j: int) -> tuple[Node, ...]:
    nodes = []
    for k, draft in enumerate(drafts):
        stores = tuple((origin.output, slot) for origin, slot in slots.items() if origin.node == k)
        inputs = tuple(slots[origin] for origin in draft.inputs)
        nodes.append(Node(draft.kind, draft.params, inputs, draft.clock, i, j, stores))
        floats, ints = draft.kind.room(*draft.params)
        i, j = i + floats, j + ints
    return tuple(nodes)


def _start(
    nodes: Sequence[Node], origins: Sequence[Origin], tables: Tables, wanted: int
) -> tuple[tuple[float, ...], tuple[int, ...]]:
    """Both arrays before the first candle."""
    f = [origin.constant if origin.node < 0 and origin.source < 0 else nan for origin in origins]
    n = list(tables.numbers)
    for node in nodes:
        floats, ints = node.kind.room(*node.params)
        f += [0.0] * floats
        n += [0] * ints
        node.kind.bootstrap_state(f, n, node.i, node.j, *node.params)
    return (*f, *[nan] * wanted), tuple(n)

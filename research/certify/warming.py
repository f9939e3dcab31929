"""From which row on there is a value, as the kinds declare it, counted in the bars that there really are."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from kernel.features.bar_columns import bars_of
from kernel.features.bars import BarMaker
from kernel.features.plan import Plan
from kernel.features.resolve import Origin
from kernel.indicators.kind import Memory
from research.certify.recording import Recording

__all__ = ["first_rows", "longest_memories"]

_NEVER = 2**62
_LENGTHS: tuple[Memory, ...] = ("window", "recursive", "cumulative")


def longest_memories(plan: Plan) -> list[Memory]:
    """For each wanted feature the longest memory among all nodes that it stands on."""
    found: list[Memory] = []
    for node in plan.nodes:
        read = [plan.origins[place].node for place in node.inputs]
        found.append(max([node.kind.memory, *(found[k] for k in read if k >= 0)], key=_LENGTHS.index))
    return [found[node] for node, _ in plan.readings]


def first_rows(plan: Plan, recording: Recording) -> list[int | None]:
    """For each wanted feature the row of its first value, None where the candles end before.

    Warm-ups are counted in candles of each node's own clock, from the first one on which all that it reads is there. It
    is the row, too, from which a feature that stands on windows alone no longer depends on anything before the first.
    """
    moments = [_moments(plan, place, recording) for place in range(len(plan.sources))]
    begun: dict[Origin, int] = {}
    for k, node in enumerate(plan.nodes):
        clock = moments[node.clock]
        read = max(_first(plan.origins[place], moments, begun) for place in node.inputs)
        there = int(clock.searchsorted(read))
        for name, output in node.kind.outputs.items():
            last = there + output.warmup(*node.params) - 1
            begun[Origin(node=k, output=name)] = int(clock[last]) if last < len(clock) else _NEVER
    firsts = [begun[Origin(node=node, output=output)] // 2 for node, output in plan.readings]
    return [row if row < recording.rows else None for row in firsts]


def _first(origin: Origin, moments: Sequence[npt.NDArray[np.int64]], begun: Mapping[Origin, int]) -> int:
    """The moment from which on a value is there. Moments are numbered as in kernel/features/columns.py."""
    if origin.node >= 0:
        return begun[origin]
    if origin.source < 0:
        return -1
    there = moments[origin.source]
    return int(there[0]) if len(there) else _NEVER


def _moments(plan: Plan, place: int, recording: Recording) -> npt.NDArray[np.int64]:
    """When a source has something new."""
    source, base = plan.sources[place], recording.base
    if source.symbol:
        other = recording.markets[source.symbol]
        closes, others = (market.block.open_time + market.base_ns for market in (base, other))
        return 2 * np.flatnonzero(others.searchsorted(closes, side="left"))
    if source.length_ns:
        return bars_of(BarMaker(source.length_ns), base.block, base.base_ns)[1]
    return 2 * np.arange(recording.rows, dtype=np.int64) + 1

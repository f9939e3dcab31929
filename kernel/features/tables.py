"""The plan as numbers, at the head of `n`: what compiled code follows.

n[0], n[1]: where the update segments begin, and how many they are; n[2], n[3]: the same for the emit segments. A
segment is (call, clock, first row, end of rows): one bank, all nodes of a kind at one level and clock. A row is (i, j,
and five places in `f`): the inputs of an update, or where an output is written. Calls are numbered as in `calls`.
"""

from collections.abc import Sequence
from typing import NamedTuple

__all__ = ["ROW", "SEGMENT", "Call", "Tables", "Work", "lay_tables", "table_size"]

SEGMENT = 4
ROW = 7
_HEAD, _PLACES = 4, 5


class Call(NamedTuple):
    """A function of a kind: its `update`, or an output's `emit`."""

    kind: str
    function: str


class Work(NamedTuple):
    """One call on one node. `places` in `f`: the inputs of an update, else the one that is written."""

    call: Call
    clock: int
    node: int
    places: tuple[int, ...]


class Tables(NamedTuple):
    """The functions that are called, in the order of their numbers, and the numbers."""

    calls: tuple[Call, ...]
    numbers: tuple[int, ...]


def table_size(updates: Sequence[Work], emits: Sequence[Work]) -> int:
    """How many numbers the tables take."""
    segments = len(_segments(updates)) + len(_segments(emits))
    return _HEAD + SEGMENT * segments + ROW * (len(updates) + len(emits))


def lay_tables(updates: Sequence[Work], emits: Sequence[Work], states: Sequence[tuple[int, int]]) -> Tables:
    """Number everything. `states[node]` is where a node's state begins in `f` and in `n`."""
    calls = tuple(sorted({work.call for work in (*updates, *emits)}))
    banks = [_segments(updates), _segments(emits)]
    heads = [_HEAD, _HEAD + SEGMENT * len(banks[0])]
    row = heads[1] + SEGMENT * len(banks[1])
    segments: list[int] = []
    rows: list[int] = []
    for bank in (*banks[0], *banks[1]):
        end = row + ROW * len(bank)
        segments += (calls.index(bank[0].call), bank[0].clock, row, end)
        for work in bank:
            rows += (*states[work.node], *work.places, *[0] * (_PLACES - len(work.places)))
        row = end
    return Tables(calls, (heads[0], len(banks[0]), heads[1], len(banks[1]), *segments, *rows))


def _segments(works: Sequence[Work]) -> list[list[Work]]:
    """Consecutive works of the same call on the same clock, together."""
    banks: list[list[Work]] = []
    for work in works:
        if banks and banks[-1][0].call == work.call and banks[-1][0].clock == work.clock:
            banks[-1].append(work)
        else:
            banks.append([work])
    return banks

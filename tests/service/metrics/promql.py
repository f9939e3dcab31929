"""As much of PromQL as it takes to see which metrics and labels an expression uses, and how."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_WORDS = {"and", "or", "unless", "by", "without", "on", "ignoring", "group_left", "group_right", "bool", "offset"}
_GROUPING = re.compile(r"\b(by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)")
_SELECTOR = re.compile(r"([a-z_:][a-zA-Z0-9_:]*)\s*(\{[^}]*\})?\s*(\[[^\]]*\])?")
_MATCHER = re.compile(r"([a-z_]+)\s*(?:=~|!~|!=|=)")


@dataclass(frozen=True)
class Used:
    """A metric in an expression: the labels that are asked for, and the functions around it, innermost first."""

    series: str
    labels: frozenset[str]
    ranged: bool
    inside: tuple[str, ...]


def used(expression: str) -> Iterator[Used]:
    """Every metric of an expression."""
    bare = _GROUPING.sub(" ", re.sub(r'"[^"]*"', lambda text: '"' + " " * (len(text[0]) - 2) + '"', expression))
    for found in _SELECTOR.finditer(bare):
        name, matchers, ranged = found.groups()
        after = bare[found.end(1) :].lstrip()
        if (
            name in _WORDS
            or after.startswith("(")
            or not re.match(r"[^\d\"$]", bare[found.start() - 1 : found.start()] or " ")
        ):
            continue
        yield Used(name, frozenset(_MATCHER.findall(matchers or "")), bool(ranged), _around(bare, found.start()))


def grouped(expression: str) -> list[tuple[str, frozenset[str]]]:
    """Every grouping: its word, its labels."""
    return [(word, frozenset(re.findall(r"[a-z_]+", labels))) for word, labels in _GROUPING.findall(expression)]


def _around(text: str, place: int) -> tuple[str, ...]:
    """The functions in whose brackets a place is."""
    found, depth = [], 0
    for at in range(place - 1, -1, -1):
        if text[at] == ")":
            depth += 1
        elif text[at] == "(" and depth:
            depth -= 1
        elif text[at] == "(":
            name = re.search(r"([a-z_]+)\s*$", text[:at])
            found.append(name[1] if name else "")
    return tuple(name for name in found if name)

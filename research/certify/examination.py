"""The checks of features, by name, and their running: a part of them at a time, in this process or another."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from numba.core.errors import NumbaError

from kernel.features.declaration import Feature
from kernel.features.resolve import needed
from research.certify.equality import batch_equals_block, batch_equals_hot, interleaved, relay, snapshot, uncompiled
from research.certify.forgetting import forgets, reach
from research.certify.prefixes import prefix
from research.certify.recording import recording_of
from research.certify.report import Difference, Findings
from research.certify.subject import Subject
from service.definition import Window
from venues.dataset import Dataset

__all__ = ["Part", "examine", "parts_of"]

_CHECKS: dict[str, Callable[[Subject], Findings]] = {
    "batch_equals_hot": batch_equals_hot,
    "batch_equals_block": batch_equals_block,
    "uncompiled": uncompiled,
    "prefix": prefix,
    "snapshot": snapshot,
    "interleaved": interleaved,
    "forgets": forgets,
    "reach": reach,
}
_CHECKS_QUICK = _CHECKS | {"snapshot": relay}
_PLAIN = ("uncompiled",)
_ALL_ELSE = ("batch_equals_hot", "batch_equals_block", "prefix", "snapshot", "interleaved", "forgets", "reach")
_QUICK = ("snapshot", "batch_equals_block", "prefix", "interleaved", "forgets", "reach")

# What a kind's own code can raise, plain or when it is compiled.
_FAULTS = (NumbaError, ArithmeticError, AttributeError, LookupError, NameError, TypeError, ValueError)

_TOGETHER, _TOGETHER_PLAIN = 24, 16  # features: a year of minutes is 100 MB for each way of making them


class Part(NamedTuple):
    """Some checks of some features, which are those of the first dataset's candles in a window."""

    datasets: tuple[Dataset, ...]
    window: Window
    declared: tuple[Feature, ...]
    names: tuple[str, ...]
    quick: bool
    checks: tuple[str, ...] = ()


def parts_of(whole: Part) -> list[Part]:
    """The same work in pieces that fit into memory, the longest first.

    What stands on the same bars and markets is together: whoever reads no bars should not wait for any.
    """
    names = sorted(whole.names, key=lambda name: _stands_on(whole.declared, name))
    if whole.quick:
        return _pieces(whole, names, _TOGETHER, _QUICK)
    return [*_pieces(whole, names, _TOGETHER_PLAIN, _PLAIN), *_pieces(whole, names, _TOGETHER, _ALL_ELSE)]


def _pieces(whole: Part, names: Sequence[str], width: int, checks: tuple[str, ...]) -> list[Part]:
    firsts = range(0, len(names), width)
    return [whole._replace(names=tuple(names[first : first + width]), checks=checks) for first in firsts]


def _stands_on(declared: Sequence[Feature], name: str) -> list[str]:
    """The timeframes and other markets of a feature."""
    features = needed(declared, [name])
    timeframes = {feature.timeframe for feature in features}
    return sorted(timeframes | {text.rpartition(":")[0] for feature in features for text in feature.inputs})


def examine(part: Part) -> Findings:
    """Run the checks."""
    subject = Subject(recording_of(part.datasets, part.window), part.declared, part.names)
    findings = Findings()
    for check in part.checks:
        findings.add(_checked(check, (_CHECKS_QUICK if part.quick else _CHECKS)[check], subject))
    return findings


def _checked(check: str, run: Callable[[Subject], Findings], subject: Subject) -> Findings:
    """Run a check. Where code of a kind fails, it is run again feature by feature, to find whose."""
    try:
        return run(subject)
    except _FAULTS as error:
        findings = Findings()
        if len(subject.names) > 1:
            for name in subject.names:
                findings.add(_checked(check, run, subject.alone(name)))
        else:
            found = f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
            findings.differences[subject.names[0]] = [Difference(check, None, None, "a value", found)]
        return findings

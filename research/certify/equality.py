"""The batch equals the hot path, compiled and plain, in one go and with engines taking over; and block mode."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from kernel.features.engine import PlainEngine
from research.certify.recording import Recording, between
from research.certify.report import Findings
from research.certify.subject import Subject
from research.certify.ways import Leg, Values, candle_by_candle, compiled_engine, emissions, in_blocks

__all__ = ["batch_equals_block", "batch_equals_hot", "interleaved", "relay", "snapshot", "uncompiled"]

_PLAIN = [Leg(0, PlainEngine)]
_RELIEF, _STRETCH = 200, 2_000  # rows that plain Python goes through for a compiled engine; the same in a quick run
_COMPANY = 600  # rows that two engines go through side by side
_TAKEN_OVER = "engines that take over from each other"


def batch_equals_hot(subject: Subject) -> Findings:
    """Every row: the batch against the compiled hot path."""
    hot = candle_by_candle(subject.recording, subject.plan, [Leg(0, compiled_engine)])
    return subject.compare("batch_equals_hot", hot, subject.values)


def batch_equals_block(subject: Subject) -> Findings:
    """Every row: the batch against block mode, whose blocks end wherever it is unusual."""
    blocks = in_blocks(subject.recording, subject.plan, subject.places.handovers)
    return subject.compare("batch_equals_block", blocks, subject.values)


def uncompiled(subject: Subject) -> Findings:
    """Every row: the batch against the plain hot path."""
    plain = candle_by_candle(subject.recording, subject.plan, _PLAIN)
    return subject.compare("uncompiled", plain, subject.values)


def snapshot(subject: Subject) -> Findings:
    """Every row: the batch against engines of both makes, each going on from the bytes that the one before left."""
    values = candle_by_candle(subject.recording, subject.plan, _relay(subject, _RELIEF))
    return subject.compare("snapshot", values, subject.values, about=_TAKEN_OVER)


def relay(subject: Subject) -> Findings:
    """The same for three checks in one: what compiled engines make is the hot path, what plain ones make is the other.

    Plain ones go further here, but not everywhere.
    """
    legs = _relay(subject, _STRETCH)
    values = candle_by_candle(subject.recording, subject.plan, legs)
    findings = subject.compare("snapshot", values, subject.values, about=_TAKEN_OVER)
    for leg, following in pairwise([*legs, Leg(subject.recording.rows, PlainEngine)]):
        rows = slice(leg.first, following.first)
        check = "uncompiled" if leg.make is PlainEngine else "batch_equals_hot"
        findings.add(subject.compare(check, values[:, rows], subject.values[:, rows], first=leg.first))
    return findings


def _relay(subject: Subject, stretch: int) -> list[Leg]:
    """Plain engines from some rows on, for a stretch or to the next of them; compiled ones elsewhere."""
    firsts = [0, *subject.places.handovers]
    legs = {first + stretch: Leg(first + stretch, compiled_engine) for first in firsts}
    legs |= {first: Leg(first, PlainEngine) for first in firsts}
    return [legs[first] for first in sorted(legs) if first < subject.recording.rows]


def interleaved(subject: Subject) -> Findings:
    """Two plain engines side by side on different candles, against each alone: all they know is their own."""
    rows = subject.recording.rows
    length = min(_COMPANY, rows // 2)
    firsts = (0, rows - length)
    stretches = [between(subject.recording, first, first + length) for first in firsts]
    alone = [candle_by_candle(stretch, subject.plan, _PLAIN) for stretch in stretches]
    findings = Findings()
    for first, values, expected in zip(firsts, _side_by_side(subject, stretches), alone, strict=True):
        about = "two engines side by side, against one alone"
        findings.add(subject.compare("interleaved", values, expected, first=first, about=about))
    return findings


def _side_by_side(subject: Subject, stretches: Sequence[Recording]) -> list[Values]:
    """What an engine each makes of the stretches, a row of one, then a row of the other."""
    streams = [emissions(stretch, subject.plan, _PLAIN) for stretch in stretches]
    rows = np.array(list(zip(*streams, strict=True)), dtype=np.float64)
    return [np.ascontiguousarray(rows[:, place].T) for place in range(len(stretches))]

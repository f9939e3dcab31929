"""When a feature begins, what it forgets, and how far it reaches: other runs of block mode, against the whole."""

from dataclasses import dataclass, field

import numpy as np

from kernel.indicators.kind import Memory
from research.certify.recording import tail, touched
from research.certify.report import Difference, Findings, Forgets
from research.certify.subject import Subject, differ
from research.certify.warming import first_rows, longest_memories
from research.certify.ways import Values, in_blocks
from research.features.sources import Column

__all__ = ["forgets", "reach"]

_ENOUGH = 3  # runs that all begin late are no chance


def forgets(subject: Subject) -> Findings:
    """Runs that begin at several rows: no value before its time, none late, and the whole's bits from some row on.

    What stands on windows alone must have them from its first value on. Of a recursion it is measured how long that
    takes, and a beginning counts as late where all runs are: a candle without any movement may give it no value.
    """
    starts = [0, *subject.places.starts]
    courses = [_Course(memory) for memory in longest_memories(subject.plan)]
    findings = Findings()
    for start in starts:
        candles = tail(subject.recording, start)
        values = in_blocks(candles, subject.plan) if start else subject.values
        whole = subject.values[:, start:]
        for k, first in enumerate(first_rows(subject.plan, candles)):
            _early(subject, k, values, start, candles.rows if first is None else first, findings)
            if start and first is not None:
                courses[k].see(subject, values[k], whole[k], start, first)
    for name, warmup, course in zip(subject.names, subject.plan.warmups, courses, strict=True):
        findings.forgets[name] = course.forgets(warmup)
        for difference in course.differences():
            findings.differ(name, difference)
        findings.warmups[name] = warmup
    findings.compared["forgets"] = sum(course.compared for course in courses)
    return findings


def _early(subject: Subject, k: int, values: Values, start: int, due: int, findings: Findings) -> None:
    """Before its first row there is no value."""
    findings.compared["warmup"] = findings.compared.get("warmup", 0) + due
    rows = np.flatnonzero(~np.isnan(values[k, :due]))
    if len(rows):
        about = f"begun at row {start:,}: declared is a first value on row {start + due:,}"
        nothing = np.full(due, np.nan)
        findings.differ(
            subject.names[k], subject.difference("warmup", rows, values[k], nothing, first=start, about=about)
        )


@dataclass
class _Course:
    """What the runs showed of one feature. Rows are counted from where a run began."""

    memory: Memory
    other: list[Difference] = field(default_factory=list)
    late: list[Difference] = field(default_factory=list)
    due: int = 0  # runs in which a first value was due, and is there in the whole
    after: int = 0  # the longest that a start was seen, as the candle from which on it was not; 1: the first
    unseen: int = 0  # the longest run in which it was seen to the end
    compared: int = 0

    def see(self, subject: Subject, new: Column, old: Column, start: int, first: int) -> None:
        """Compare a run that begins at row `start`, and whose first value is due on row `first`, with the whole."""
        self.compared += len(new) - first
        rows = np.flatnonzero(differ(new[first:], old[first:])) + first
        about = f"begun at row {start:,}"
        missing = bool(np.isnan(new[first]) and not np.isnan(old[first]))
        self.due += not np.isnan(old[first])
        if missing:
            self.late.append(subject.difference("warmup", rows, new, old, first=start, about=f"{about}: too late"))
        elif self.memory == "window" and len(rows):
            self.other.append(subject.difference("forgets", rows, new, old, first=start, about=about))
        if len(rows) and rows[-1] == len(new) - 1:
            self.unseen = max(self.unseen, len(new))
        else:
            self.after = max(self.after, int(rows[-1]) + 2 if len(rows) else first + 1)

    def differences(self) -> list[Difference]:
        """What is none of the candles' doing."""
        no_chance = self.memory == "window" or len(self.late) == self.due >= _ENOUGH
        return [*self.other, *(self.late if no_chance else [])]

    def forgets(self, warmup: int) -> Forgets:
        """What is said of it."""
        if self.memory == "cumulative":
            return Forgets("never")
        if self.memory == "window":
            return Forgets(max(warmup, self.after))  # more where another market's candle comes one later
        if self.unseen > self.after:
            return Forgets(None, f"more than {self.unseen:,}")
        return Forgets(self.after or None, "measured" if self.after else "these candles are too few to see it")


def reach(subject: Subject) -> Findings:
    """With a few candles altered, nothing differs before the first; nor, on windows alone, once those have passed."""
    rows, altered = subject.recording.rows, subject.places.touched
    values = in_blocks(touched(subject.recording, altered), subject.plan)
    may = np.zeros(values.shape, dtype=np.bool_)
    memories = longest_memories(subject.plan)
    for row in altered:
        passed = first_rows(subject.plan, tail(subject.recording, row + 1)) if row + 1 < rows else []
        for k, memory in enumerate(memories):
            after = passed[k] if passed and memory == "window" else None
            may[k, row : rows if after is None else row + 1 + after] = True
    expected = np.where(may, values, subject.values)
    about = f"the candles of rows {', '.join(f'{row:,}' for row in altered)} altered"
    findings = subject.compare("reach", values, expected, about=about)
    findings.compared["reach"] = int(np.count_nonzero(~may))
    return findings

"""Some features under examination, and how a difference is told."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from kernel.features.declaration import Feature
from kernel.features.plan import Plan
from kernel.timeframe import iso
from research.certify.places import Places, places_in
from research.certify.recording import Recording
from research.certify.report import Difference, Findings
from research.certify.ways import Values, plan_of
from research.features.batch import Batch, prepare
from research.features.nodes import COMPILED
from research.features.sources import Column

__all__ = ["Subject", "differ"]


@dataclass(frozen=True)
class Subject:
    """Features by name, the candles that they are made of, and what the batch makes of all of these."""

    recording: Recording
    declared: Sequence[Feature]
    names: tuple[str, ...]

    @cached_property
    def batch(self) -> Batch:
        """Hamilton's graph of the features, over compiled scans however few the rows are."""
        return prepare(self.recording.markets, self.declared, self.names, scanner=lambda _rows: COMPILED)

    @cached_property
    def values(self) -> Values:
        """The batch's columns."""
        return self.columns(self.recording)

    @cached_property
    def plan(self) -> Plan:
        """The plan of the features."""
        return plan_of(self.recording, self.declared, self.names)

    @cached_property
    def places(self) -> Places:
        """Where it is looked at more closely."""
        return places_in(self.recording)

    def columns(self, recording: Recording) -> Values:
        """The batch over other candles of the same markets."""
        made = replace(self.batch, markets=recording.markets).compute()
        return np.array([made[name] for name in self.names])

    def alone(self, name: str) -> "Subject":
        """One of the features."""
        return replace(self, names=(name,))

    def compare(self, check: str, found: Values, expected: Values, *, first: int = 0, about: str = "") -> Findings:
        """Hold columns that begin at row `first` to those that are expected of them."""
        findings = Findings(compared={check: expected.size})
        for name, new, old in zip(self.names, found, expected, strict=True):
            rows = np.flatnonzero(differ(new, old))
            if len(rows):
                findings.differences[name] = [self.difference(check, rows, new, old, first=first, about=about)]
        return findings

    def difference(
        self, check: str, rows: npt.NDArray[np.int64], new: Column, old: Column, *, first: int = 0, about: str = ""
    ) -> Difference:
        """The first of the rows that differ."""
        row = int(rows[0])
        opened = iso(int(self.recording.base.block.open_time[first + row]))
        expected, found = repr(float(old[row])), repr(float(new[row]))
        return Difference(check, first + row, opened, expected, found, len(rows), about)


def differ(one: Column, other: Column) -> npt.NDArray[np.bool_]:
    """Where bits differ. Every NaN is as good as another: no arithmetic tells them apart."""
    different: npt.NDArray[np.bool_] = one.view(np.int64) != other.view(np.int64)
    return different & ~(np.isnan(one) & np.isnan(other))

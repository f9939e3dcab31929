"""What a certification says: of every feature, of every check, of every strategy."""

from typing import Any, Literal

import msgspec

__all__ = ["Certified", "Check", "Difference", "Findings", "Forgets", "Modes", "Report", "Unmade"]


class Difference(msgspec.Struct, frozen=True):
    """The first row on which a check found another value, as exact text, and on how many rows it did.

    `row` counts the candles from 0; it and `open_time` are None where no value was made at all. `about` says where the
    other value came from.
    """

    check: str
    row: int | None
    open_time: str | None
    expected: str
    found: str
    rows: int = 0
    about: str = ""


class Forgets(msgspec.Struct, frozen=True):
    """From which candle on (1: the first) a feature's bits no longer depend on where the data began; see Certified."""

    after: int | Literal["never"] | None
    note: str = ""


class Findings(msgspec.Struct):
    """What some checks of some features found. `compared` counts values, by check; the others are by feature."""

    compared: dict[str, int] = {}
    differences: dict[str, list[Difference]] = {}
    forgets: dict[str, Forgets] = {}
    warmups: dict[str, int] = {}

    def differ(self, name: str, difference: Difference) -> None:
        """Note what a check found of a feature; the first that it finds is enough."""
        known = self.differences.setdefault(name, [])
        if difference.check not in {found.check for found in known}:
            known.append(difference)

    def add(self, other: "Findings") -> None:
        """Take in what was found elsewhere."""
        for check, values in other.compared.items():
            self.compared[check] = self.compared.get(check, 0) + values
        for name, differences in other.differences.items():
            for difference in differences:
                self.differ(name, difference)
        self.forgets |= other.forgets
        self.warmups |= other.warmups


class Certified(msgspec.Struct, frozen=True):
    """One feature. `warmup`: the declared candle of its first value, in data without gaps.

    `forgets_after`: exact for a feature that stands on windows alone; the longest that was measured for one that stands
    on a recursion, None where it is longer than the data could show; "never" for one that sums up from the beginning.
    """

    name: str
    ok: bool
    group: str
    kind: str
    warmup: int | None
    forgets_after: int | Literal["never"] | None
    forgets_note: str
    differences: list[Difference]


class Unmade(msgspec.Struct, frozen=True):
    """A feature that these candles do not give."""

    name: str
    why: str


class Check(msgspec.Struct, frozen=True):
    """One check over all features: how many values (or records) were compared, and how."""

    ok: bool
    compared: int
    about: str


class Modes(msgspec.Struct, frozen=True):
    """A strategy run in step and in block mode, and through the daemon.

    `gate` has, by symbol, the share of candles that its gate let pass; `first_difference` the first record that is not
    the same: its seq and both texts.
    """

    strategy: str
    symbols: list[str]
    equal: bool
    records: int
    log_head_step: str
    log_head_block: str
    decisions_step: str
    decisions_block: str
    decisions_daemon: str
    decisions: int
    trades: int
    gate: dict[str, float]
    first_difference: dict[str, Any] | None


class Report(msgspec.Struct, frozen=True):
    """All of it. `rows` are candles of the first dataset, whose features these are."""

    dataset: list[str]
    ok: bool
    rows: int
    quick: bool
    features: list[Certified]
    not_applicable: list[Unmade]
    checks: dict[str, Check]
    modes: list[Modes]
    notes: list[str]
    wall_s: float

"""What `candled certify` shows to a person."""

from itertools import groupby

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from research.certify.report import Certified, Difference, Modes, Report

__all__ = ["show_report"]

_GOOD, _BAD = "[green]equal[/]", "[red]different[/]"


def show_report(out: Console, report: Report) -> None:
    """A line a check and a strategy, all that differs, what was left out, and the verdict."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("check", "is held against each other", "", "values"):
        table.add_column(heading, justify="right" if heading == "values" else "left", overflow="fold")
    for name, check in report.checks.items():
        table.add_row(name, check.about, _GOOD if check.ok else _BAD, f"{check.compared:,}")
    out.print(table)
    for modes in report.modes:
        _show_modes(out, modes)
    for feature in report.features:
        _show_feature(out, feature)
    for why, unmade in groupby(sorted(report.not_applicable, key=lambda u: u.why), key=lambda u: u.why):
        names = ", ".join(feature.name for feature in unmade)
        out.print(f"[dim]not certified, {escape(why)}:[/] {names}", highlight=False, soft_wrap=True)
    for note in report.notes:
        out.print(f"[yellow]note:[/] {escape(note)}", highlight=False, soft_wrap=True)
    _show_verdict(out, report)


def _show_modes(out: Console, modes: Modes) -> None:
    gate = "".join(f", gate of {symbol} open on {rate:.2%}" for symbol, rate in modes.gate.items())
    told = f"{modes.records:,} records, {modes.decisions:,} decisions, {modes.trades:,} trades{gate}"
    verdict = _GOOD if modes.equal else _BAD
    three = "in step mode, in block mode, and through the daemon"
    out.print(f"{escape(modes.strategy)} {three}: {verdict}   {told}", highlight=False, soft_wrap=True)
    if modes.first_difference is not None:
        lines = "\n".join(f"  {name:<6} {text}" for name, text in modes.first_difference.items())
        out.print(lines, markup=False, highlight=False, soft_wrap=True)


def _show_feature(out: Console, feature: Certified) -> None:
    """A line for each thing that was found, with the checks that found it."""
    found: dict[str, list[str]] = {}
    for difference in feature.differences:
        found.setdefault(_told(difference), []).append(difference.check)
    for told, checks in found.items():
        out.print(f"[red]{feature.name}[/] ({', '.join(checks)}): {escape(told)}", highlight=False, soft_wrap=True)


def _told(difference: Difference) -> str:
    if difference.row is None:
        return difference.found
    where = (
        f"row {difference.row:,} ({difference.open_time}) is {difference.found}, and should be {difference.expected}"
    )
    more = f"; {difference.rows:,} rows differ" if difference.rows > 1 else ""
    return where + more + (f"; {difference.about}" if difference.about else "")


def _show_verdict(out: Console, report: Report) -> None:
    failed = sum(not feature.ok for feature in report.features)
    made = f"{len(report.features):,} features of {report.rows:,} candles in {report.wall_s:,.1f} s"
    partly = "; the uncompiled path on stretches only (without --quick: every candle)" if report.quick else ""
    if report.ok:
        out.print(f"\n[bold green]certified[/]: {made}{partly}", highlight=False, soft_wrap=True)
    else:
        out.print(f"\n[bold red]not certified[/]: {failed} of {made}{partly}", highlight=False, soft_wrap=True)

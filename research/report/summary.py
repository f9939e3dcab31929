"""The report on a terminal: the headline, the warnings, and the tables that are short."""

from collections.abc import Sequence

from rich import box
from rich.console import Console, Group
from rich.markup import escape
from rich.table import Table as RichTable

from research.report.figures import Figures
from research.report.tables import TABLES, Table, headline
from research.report.wording import count, minute

__all__ = ["show_report", "sparkline"]

_BLOCKS = "▁▂▃▄▅▆▇█"
_NARROW = (("metrics",), ("equity", "costs", "ambiguity"))  # side by side
_SHOWN = ("exit_reasons", "symbols", "strategies", "open_positions")
_REASONS = ("skips", "refusals")
_REASONS_SHOWN = 8


def show_report(out: Console, figures: Figures) -> None:
    """Print it."""
    run = figures.run
    period = f"{minute(run.start_time)} to {minute(run.end_time)} UTC"
    title = f"{', '.join(run.strategies)} on {', '.join(run.markets)}, {period}"
    out.print(f"[bold]{escape(title)}[/]", highlight=False, soft_wrap=True)
    width = max(20, min(out.width, 100) - 2)
    out.print(f"[blue]{sparkline([float(day.equity) for day in figures.days], width)}[/]\n")
    for name, figure, below in headline(figures):
        out.print(f"  [dim]{name:<13}[/] {escape(figure)}  [dim]{escape(below)}[/]", highlight=False, soft_wrap=True)
    for note in figures.notes:
        out.print(f"\n[yellow]note:[/] {escape(note)}", highlight=False)
    if figures.warnings:
        out.print(
            f"\n[bold yellow]{count(len(figures.warnings), 'warning')}[/], before you believe it", highlight=False
        )
        for found in figures.warnings:
            out.print(f"  [yellow]{escape(found.figure)}[/]  [dim]{escape(found.why)}[/]", highlight=False)
    beside = RichTable.grid(padding=(0, 4))
    beside.add_row(*(Group(*map(_drawn, _filled(names, figures))) for names in _NARROW))
    out.print()
    out.print(beside)
    for table in _filled(_SHOWN, figures):
        out.print("", _drawn(table), sep="\n")
    for name in _REASONS:
        table = TABLES[name](figures)
        more = (
            f"and {count(len(table.rows) - _REASONS_SHOWN, 'other reason')}" if len(table.rows) > _REASONS_SHOWN else ""
        )
        if table.rows:
            out.print("", _drawn(table._replace(rows=table.rows[:_REASONS_SHOWN], note=more)), sep="\n")
    out.print(f"\n[dim]run[/] {run.stream}\n[dim]log head[/] {run.log_head}", highlight=False, soft_wrap=True)


def sparkline(values: Sequence[float], width: int) -> str:
    """The values as a line of blocks, at most `width` long: each block is the last value of its share of them."""
    if not values:
        return ""
    shown = [
        values[(place + 1) * len(values) // min(width, len(values)) - 1] for place in range(min(width, len(values)))
    ]
    low, high = min(shown), max(shown)
    step = (high - low) / (len(_BLOCKS) - 1) or 1.0
    return "".join(_BLOCKS[round((value - low) / step)] for value in shown)


def _filled(names: Sequence[str], figures: Figures) -> Sequence[Table]:
    tables = [TABLES[name](figures) for name in names]
    return [table for table in tables if table.rows]


def _drawn(table: Table) -> RichTable:
    drawn = RichTable(
        box=box.SIMPLE_HEAD, pad_edge=False, title=escape(table.title), title_justify="left", title_style="bold",
        show_header=any(table.headings), caption=escape(table.note) or None, caption_justify="left",
    )  # fmt: skip
    for place, heading in enumerate(table.headings):
        drawn.add_column(escape(heading), justify="left" if place < table.words else "right", overflow="fold")
    for row in table.rows:
        drawn.add_row(*map(escape, row))
    return drawn

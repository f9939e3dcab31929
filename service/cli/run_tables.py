"""What `backtest`, `replay` and `explain` show to a person."""

from typing import Any

from rich.console import Console
from rich.table import Table

from kernel.money import canonical_text, parse, subtract
from service.backtest import Result
from service.cli.options import Common
from service.definition import RunDefinition
from service.explain import Explanation
from service.replay import Replayed
from service.runs import Execution, runs_dir

__all__ = ["show_backtest", "show_explanation", "show_replay"]

_MARKS = {"passed": "[green]passed[/]", "skipped": "[yellow]skipped[/]"}


def _facts(title: str) -> Table:
    table = Table(title=title, title_justify="left", show_header=False, box=None, padding=(0, 2))
    table.add_column(style="dim")
    table.add_column()
    return table


def show_backtest(out: Console, result: Result, definition: RunDefinition, common: Common) -> None:
    """The summary table of a run, where it lies, and what to try next."""
    symbols = ", ".join(f"{m.venue} {m.instrument.symbol} {m.timeframe}" for m in definition.markets)
    gained = subtract(parse(result.final_equity), definition.cash)
    table = _facts(f"{definition.strategy.name} on {symbols}")
    table.add_row("candles", f"{result.candles:,}  ({result.skipped:,} skipped, {result.decisions:,} decisions)")
    table.add_row("orders", f"{result.orders:,}  ({result.fills:,} fills, {result.refusals:,} refusals)")
    table.add_row("round trips", f"{result.trades:,}")
    table.add_row("fees", f"{result.fees} {result.currency}")
    table.add_row("final equity", f"{result.final_equity} {result.currency}  ({canonical_text(gained)})")
    table.add_row("log", f"{result.events:,} records, head {result.log_head[:16]}")
    table.add_row("decisions digest", result.decisions_digest[:16])
    table.add_row("speed", f"{result.candles_per_s:,} candles/s, {result.wall_s} s")
    table.add_row("run", f"{result.run}")
    table.add_row("where", str(runs_dir(common.data_dir) / result.stream))
    out.print(table)
    short = result.run[:12]
    out.print(f"\nprove it:  candled replay {short} --verify\n           candled log verify {short}", highlight=False)


def show_replay(out: Console, execution: Execution, outcome: Replayed, records: int) -> None:
    """Equal, or the first record that differs."""
    if outcome.first_divergence is None:
        out.print(f"[green]equal[/]: all {outcome.events:,} records of {execution.stream[:12]} came out bit for bit")
        return
    where = outcome.first_divergence
    out.print(f"[red]different[/]: record {where.seq} of {records:,} is the first that differs")
    out.print(f"  recorded  {where.recorded}\n  replayed  {where.replayed}", markup=False, highlight=False)


def show_explanation(out: Console, explanation: Explanation) -> None:
    """The candle, a line a step, and the story of its orders."""
    candle = explanation.candle
    out.print(
        f"{candle['symbol']} {candle['opened_at']}  open {candle['open']}  high {candle['high']}  low {candle['low']}"
        f"  close {candle['close']}  volume {candle['volume']}",
        highlight=False,
    )
    why = f": {explanation.reason}" if explanation.reason else ""
    out.print(f"[bold]{explanation.outcome}[/]{why}   (record {explanation.seq})", highlight=False)
    table = Table("step", "outcome", "reason", "values", box=None, padding=(0, 2))
    for step in explanation.steps:
        mark = _MARKS.get(step.outcome, f"[dim]{step.outcome.replace('_', ' ')}[/]")
        table.add_row(step.step, mark, step.reason or "", _shown(step.values))
    out.print(table)
    for order in explanation.orders:
        for record in order["records"]:
            out.print(f"  {record['seq']:>8}  {record['type']}  {_shown(record)}", markup=False, highlight=False)


def _shown(values: dict[str, Any]) -> str:
    if any(isinstance(value, dict) for value in values.values()):
        return ", ".join(values)
    hidden = {"seq", "type", "ts", "strategy"}
    return "  ".join(f"{name} {value}" for name, value in values.items() if name not in hidden)

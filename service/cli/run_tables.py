"""What `backtest`, `replay` and `explain` show to a person.

Ids that must be copied stand whole, on a line of their own; a narrow terminal may wrap a line, but nothing is cut.
"""

from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from kernel.money import canonical_text, parse, subtract
from service.cli.options import Common
from service.definition import RunDefinition
from service.explain import Explanation
from service.replay import Replayed
from service.result import Result
from service.runs import Execution, runs_dir
from service.trace import StepTrace

__all__ = ["show_backtest", "show_explanation", "show_replay"]

_COLORS = {"passed": "green", "skipped": "yellow"}
_SHORT = 12  # characters of a run id that the next command is shown with


def show_backtest(out: Console, result: Result, definition: RunDefinition, common: Common) -> None:
    """The summary of a run, where it lies, and what to try next."""
    symbols = ", ".join(f"{m.venue} {m.instrument.symbol} {m.timeframe}" for m in definition.markets)
    gained = canonical_text(subtract(parse(result.final_equity), parse(result.opening_equity)))
    strategies = " + ".join(defined.strategy.name for defined in definition.strategies)
    facts = {
        "candles": f"{result.candles:,}  ({result.skipped:,} skipped, {result.decisions:,} decisions)",
        "skipped for": ", ".join(f"{reason} {count:,}" for reason, count in result.skips.items()) or "nothing",
        **({"gate": _gate(result)} if result.gate else {}),
        "orders": f"{result.orders:,}  ({result.fills:,} fills, {result.refusals:,} refusals)",
        "round trips": f"{result.trades:,}",
        "fees": ", ".join(f"{fee} {asset}" for asset, fee in result.fees_by_asset.items()) or "none",
        "final equity": f"{result.final_equity} {result.currency}  ({gained if gained[0] == '-' else f'+{gained}'})",
        "speed": f"{result.candles_per_s:,} candles/s, {result.wall_s} s",
        "records": f"{result.events:,}",
        "log head": result.log_head,
        "decisions": result.decisions_digest,
        "run": result.run,
        "where": str(runs_dir(common.data_dir) / result.stream),
    }
    out.print(f"[italic]{escape(f'{strategies} on {symbols}')}[/]", soft_wrap=True)
    for name, text in facts.items():
        out.print(f"  [dim]{name:<13}[/] {escape(text)}", highlight=False, soft_wrap=True)
    short = result.run[:_SHORT]
    verbs = (f"report {short} --html report.html", f"replay {short} --verify", f"log verify {short}")
    lines = ["\nlook at it, and prove it:", *(common.command(verb) for verb in verbs)]
    out.print("\n  ".join(lines), highlight=False, markup=False, soft_wrap=True)


def _gate(result: Result) -> str:
    rates = (f"{symbol} {rate.rejected_share:.1%}" for symbol, rate in result.gate.items())
    return f"rejected {', '.join(rates)} of the candles"


def show_replay(out: Console, execution: Execution, outcome: Replayed) -> None:
    """Equal, or the first record that differs."""
    if outcome.first_divergence is None:
        out.print(f"[green]equal[/]: all {outcome.events:,} records of {execution.short} came out bit for bit")
        return
    where = outcome.first_divergence
    out.print(f"[red]different[/]: record {where.seq} is the first that differs, of {execution.short}")
    said = f"  recorded  {where.recorded}\n  replayed  {where.replayed}"
    out.print(said, markup=False, highlight=False, soft_wrap=True)


def show_explanation(out: Console, explanation: Explanation) -> None:
    """The candle, a line a step, and the story of its orders."""
    candle, standing = explanation.candle, explanation.standing
    prices = "  ".join(f"{name} {candle[name]}" for name in ("open", "high", "low", "close", "volume"))
    out.print(f"{candle['symbol']} {candle['opened_at']}  {prices}", highlight=False, soft_wrap=True)
    why = f": {explanation.reason}" if explanation.reason else ""
    record = f"   (record {explanation.seq})" if explanation.seq is not None else "   (history, not recorded)"
    out.print(f"[bold]{explanation.outcome}[/]{why}{record}", highlight=False)
    live = ", ".join(map(str, standing.live_orders)) or "none"
    held = f"{explanation.strategy} held {standing.position}, wanted side {standing.direction}, live orders: {live}"
    worth = f"{standing.equity} {standing.currency}"
    out.print(escape(f"before it: {held}; trading {standing.trading_state}, equity {worth}\n"), highlight=False)
    for what, told in (("the venue said", explanation.reports), ("without a decision", explanation.forced)):
        for event in told:
            out.print(f"{what}: {event['type']}  {_values(event)}", markup=False, highlight=False, soft_wrap=True)
    table = Table("step", "outcome", "values", box=None, padding=(0, 2, 0, 0), header_style="dim")
    seen: dict[str, Any] = {}
    for step in explanation.steps:
        table.add_row(step.step, _outcome(step), "" if step.values == seen else escape(_values(step.values)))
        seen = step.values
    out.print(table)
    for order in explanation.orders:
        out.print(f"\norder {order['order']}", highlight=False)
        for told in order["records"]:
            line = f"  {told['seq']:>6}  {told['type']:<16} {_values(told)}"
            out.print(line, markup=False, highlight=False, soft_wrap=True)


def _outcome(step: StepTrace) -> str:
    color = _COLORS.get(step.outcome, "dim")
    return f"[{color}]{step.outcome.replace('_', ' ')}[/]{f': {step.reason}' if step.reason else ''}"


def _values(values: dict[str, Any]) -> str:
    """Names and values; of events, their names alone: the log holds the rest."""
    if any(isinstance(value, dict) for value in values.values()):
        return ", ".join(values)
    told = {name: value for name, value in values.items() if name not in {"seq", "type", "ts", "after", "strategy"}}
    return "  ".join(
        f"{name} {value:.10g}" if isinstance(value, float) else f"{name} {value}" for name, value in told.items()
    )

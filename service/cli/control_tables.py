"""What `status` and the commands to a daemon show to a person."""

from collections.abc import Mapping
from typing import Any, Final

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from service.api.answers import Orders, Positions, Restriction, Status

__all__ = ["show_done", "show_status"]

_COLORS: Final = {"active": "green", "reducing": "yellow", "halted": "red"}
_DONE: Final = {
    "pause": "paused: nothing is sent",
    "resume": "resumed",
    "reduce": "reducing: positions are only taken back",
    "flatten": "flattening, then nothing is sent",
    "cancel-all": "asked the venue to end live orders",
}


def show_status(out: Console, told: Status, held: Positions, live: Orders) -> None:
    """The summary, what is wrong, what restricts trading, then positions and orders."""
    ready = "[green]ready[/]" if told.ready else "[red]not ready[/]"
    out.print(f"[bold]{escape(told.stream)}[/] {ready}, trading [{_COLORS[told.trading]}]{told.trading}[/]")
    for part, problem in told.problems.items():
        out.print(f"  [red]{escape(part)}[/] {escape(problem)}", highlight=False, soft_wrap=True)
    for text in dict.fromkeys(map(_restriction, told.restrictions)):
        out.print(f"  [yellow]{escape(text)}[/]", highlight=False, soft_wrap=True)
    ended = "  (the market has ended)" if told.market_ended else ""
    facts = {
        "market time": f"{told.market_time or 'none yet'}{ended}",
        "equity": f"{told.equity} {told.currency}  (opened with {told.opening_equity}, peak {told.peak_equity})",
        "balances": ", ".join(f"{amount} {asset}" for asset, amount in told.balances.items()) or "none",
        "fees": ", ".join(f"{amount} {asset}" for asset, amount in told.fees.items()) or "none",
        **({"quarantined": ", ".join(map(str, told.quarantined))} if told.quarantined else {}),
        **({"groups off": ", ".join(told.groups_off)} if told.groups_off else {}),
        "log head": f"{told.head.seq} {told.head.hash}",
        "run": told.run,
        "writer": f"epoch {told.epoch}, candled {told.version}, speed {told.speed}",
    }
    for name, text in facts.items():
        out.print(f"  [dim]{name:<13}[/] {escape(text)}", highlight=False, soft_wrap=True)
    if held.positions:
        out.print(_positions(held))
    if live.orders:
        out.print(_orders(live))


def show_done(out: Console, verb: str, result: Mapping[str, Any]) -> None:
    """What became of a command."""
    events = [event["type"] for event in result["events"]]
    if result["repeated"]:
        out.print(f"done before, under the same key (record {result['seq']})", highlight=False)
        return
    canceled, sent = events.count("CancelRequested"), events.count("OrderRequested")
    counts = f"; {canceled} orders canceled, {sent} sent" if canceled or sent or verb == "cancel-all" else ""
    out.print(f"{_DONE[verb]}{counts}", highlight=False)
    if result["durable"] == "spool":
        out.print("[yellow]the database is away:[/] kept in the spool, it enters the log when it is back")
    else:
        out.print(f"[dim]record {result['seq']}[/]", highlight=False)


def _restriction(halt: Restriction) -> str:
    whom = " ".join(filter(None, (halt.strategy, halt.symbol))) or "everything"
    flattened, until = " (flattened)" if halt.flatten else "", f" until {halt.until}" if halt.until else ""
    return f"{whom} {halt.state} by {halt.cause}{flattened}{until}"


def _positions(held: Positions) -> Table:
    table = Table("strategy", "market", "quantity", "last", "open profit", "trading", box=None, header_style="bold")
    for each in held.positions:
        table.add_row(
            escape(each.strategy), escape(each.symbol), each.quantity, each.last, each.open_profit, each.trading
        )
    return table


def _orders(live: Orders) -> Table:
    table = Table("order", "strategy", "market", "side", "kind", "quantity", "filled", "price", "state", box=None,
                  header_style="bold")  # fmt: skip
    for each in live.orders:
        table.add_row(
            str(each.order),
            escape(each.strategy),
            escape(each.symbol),
            each.side,
            f"{each.kind} ({each.purpose})",
            each.quantity,
            each.filled,
            each.price or each.trigger,
            each.state,
        )
    return table

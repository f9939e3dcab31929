"""How features, batches and fits look on a terminal."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.tree import Tree

__all__ = ["show_computed", "show_feature", "show_features", "show_fitted", "show_lineage"]

Facts = Mapping[str, Any]


def show_features(out: Console, features: Sequence[Facts], timeframe: str) -> None:
    """A feature a line, group by group."""
    ordered = sorted(features, key=itemgetter("group"))
    for group, members in groupby(ordered, key=itemgetter("group")):
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, title=escape(group or "no group"), title_justify="left")
        for heading in ("feature", "is"):
            table.add_column(heading, overflow="fold")
        table.add_column(f"warm-up in {timeframe} candles", justify="right")
        for feature in members:
            warmup = feature["warmup"]
            table.add_row(feature["name"], escape(declaration(feature)), "-" if warmup is None else f"{warmup:,}")
        out.print(table)
    out.print(f"{len(features)} features; one of them: candled features show NAME", highlight=False)


def declaration(feature: Facts) -> str:
    """As one would write it: ema(close, period=9) on 1h."""
    arguments = [*feature["inputs"], *(f"{name}={value}" for name, value in feature["params"].items())]
    output = f".{feature['output']}" if feature.get("output") else ""
    on = f" on {feature['timeframe']}" if feature.get("timeframe") else ""
    return f"{feature['kind']}({', '.join(arguments)}){output}{on}"


def show_feature(out: Console, feature: Facts, timeframe: str) -> None:
    """Everything about one."""
    warmup = feature["warmup"]
    facts = {
        "is": declaration(feature),
        "group": feature["group"],
        "warm-up": "cannot be made of these candles" if warmup is None else f"{warmup:,} candles of {timeframe}",
        "outputs": ", ".join(feature["outputs"]),
        "parameters": "\n".join(_bounds(name, feature) for name in feature["bounds"]),
        "memory": f"{feature['memory']}: {feature['state']['floats']} floats, {feature['state']['ints']} whole numbers",
        "cost": f"{feature['cost']} a candle",
        "read by": ", ".join(feature["read_by"]) or "no other feature",
    }
    _print_facts(out, feature["name"], facts)
    tree = Tree(escape(feature["name"]))
    _grow(tree, feature["reads"])
    out.print(tree)
    out.print(f"\n{feature['about'].strip()}", markup=False, highlight=False)


def _bounds(name: str, feature: Facts) -> str:
    low, high, default = (feature["bounds"][name][key] for key in ("low", "high", "default"))
    usual = "" if default is None else f", {default} if not given"
    return f"{name} = {feature['params'][name]}  ({low} to {high}{usual})"


def _grow(tree: Tree, reads: Sequence[Facts]) -> None:
    for read in reads:
        _grow(tree.add(escape(read["input"])), read["reads"])


def show_lineage(out: Console, nodes: Sequence[object]) -> None:
    """A node a line, after what it reads."""
    for node in nodes:
        out.print(str(node), markup=False, highlight=False, soft_wrap=True)


def show_computed(out: Console, result: Facts) -> None:
    """Where the columns are, and where they come from."""
    facts = {
        "dataset": result["dataset"],
        "candles": f"{result['rows']:,}, from {result['first']} to {result['last']}",
        "features": f"{len(result['features']):,}; computed now, with what they read: {result['computed']:,}",
        "written to": result["out"],
        "lineage": result["lineage"],
    }
    _print_facts(out, "computed", facts)


def show_fitted(out: Console, result: Facts) -> None:
    """A feature a line: what happens to it, or why it is left out."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("feature", overflow="fold")
    for heading in ("fill", "center", "scale"):
        table.add_column(heading, justify="right")
    table.add_column("")
    for row in result["features"]:
        numbers = ("" if row[key] is None else f"{row[key]:.6g}" for key in ("fill", "center", "scale"))
        table.add_row(row["name"], *numbers, "[green]kept[/]" if row["kept"] else f"[yellow]dropped:[/] {row['why']}")
    out.print(table)
    facts = {
        "dataset": result["dataset"],
        "candles": f"{result['rows']:,}",
        "lineage": result["lineage"],
        "written to": result["path"],
        "transform": result["transform"],
    }
    _print_facts(out, "fitted", facts)


def _print_facts(out: Console, title: str, facts: Mapping[str, str]) -> None:
    out.print(f"[bold]{escape(title)}[/]", highlight=False, soft_wrap=True)
    for name, text in facts.items():
        if text:
            lines = text.replace("\n", f"\n  {'':<11} ")
            out.print(f"  [dim]{name:<11}[/] {escape(lines)}", highlight=False, soft_wrap=True)

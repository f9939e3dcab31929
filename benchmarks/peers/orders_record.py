"""The fills of the peers as they are checked in, and what candled made where it made another.

One line an episode: its row, the peer's fills, and where they differ a slash, candled's, and the reason. A fill is
written as `candles after the row`, signed quantity, `@`, price.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from orders_cases import Fill, Run, by_episode, episodes
from orders_market import MARKETS, Candle, price_text
from orders_reasons import reason
from orders_runs import RUNS

ENGINES = {"backtesting": "backtesting.py", "vectorbt": "vectorbt", "nautilus": "NautilusTrader"}


class Line(NamedTuple):
    """An episode: the fills of the peer, and candled's and the reason where they are others."""

    theirs: str
    ours: str = ""
    reason: str = ""


Recorded = dict[int, Line]


def compare(run: Run, candles: Sequence[Candle], ours: Sequence[Fill], theirs: Sequence[Fill]) -> Recorded:
    """Every episode of a run. Errors: ValueError for a difference without a name."""
    plan = episodes(run.case, run.market, candles)
    our_fills, their_fills = by_episode(plan, ours), by_episode(plan, theirs)
    recorded: Recorded = {}
    for episode in plan:
        own, others = our_fills[episode.row], their_fills[episode.row]
        recorded[episode.row] = Line(text(episode.row, others))
        if name := reason(run, episode, candles, own, others):
            recorded[episode.row] = Line(text(episode.row, others), text(episode.row, own) or "nothing", name)
    return recorded


def text(row: int, fills: Sequence[Fill]) -> str:
    return " ".join(f"{fill.row - row}{fill.quantity:+}@{price_text(fill.price)}" for fill in fills)


def write(path: Path, title: str, runs: Mapping[str, Recorded]) -> None:
    """One engine's file."""
    lines = [title]
    for name, recorded in runs.items():
        lines += ["", f"[{name}]"]
        for row, line in recorded.items():
            other = f" / {line.ours} {line.reason}" if line.reason else ""
            lines.append(f"{row} {line.theirs}{other}".strip())
    path.write_text("\n".join(lines) + "\n")


def read(path: Path) -> tuple[str, dict[str, Recorded]]:
    """The title, and the runs by name."""
    title, *lines = path.read_text().splitlines()
    runs: dict[str, Recorded] = {}
    for line in filter(None, lines):
        if line.startswith("["):
            runs[line.strip("[]")] = current = {}
            continue
        row, _, rest = line.partition(" ")
        theirs, _, other = rest.partition("/")
        ours, _, name = other.strip().rpartition(" ")
        current[int(row)] = Line(theirs.strip(), ours, name)
    return title, runs


def table(recorded: Mapping[str, Mapping[str, Recorded]]) -> str:
    """As Markdown, a line for the same orders on all markets: episodes filled alike of how many, the others by name."""
    lines: dict[tuple[str, ...], dict[str, str]] = {}
    others: dict[tuple[str, ...], Counter[str]] = {}
    for run in RUNS:
        orders = " ".join(filter(None, (run.case.name, run.settings)))
        key = (ENGINES[run.engine], orders, f"`{run.fill}`", f"`{run.path}`")
        found = recorded[run.engine][run.name].values()
        alike = sum(not line.reason for line in found)
        lines.setdefault(key, {})[run.market.name] = f"{alike} / {len(found)}"
        names = (name for line in found for name in line.reason.split("+") if name)
        others.setdefault(key, Counter()).update(names)
    head = ("engine", "orders", "fill", "candled's path", *MARKETS, "otherwise")
    rows = [head, ("---",) * len(head)]
    for key, alike_on in lines.items():
        named = ", ".join(f"`{name}` {count}" for name, count in others[key].most_common())
        rows.append((*key, *(alike_on.get(name, "") for name in MARKETS), named))
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)

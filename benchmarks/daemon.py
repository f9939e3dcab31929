"""The daemon on the embedded PostgreSQL: how fast, how soon back, how much it takes, and whether that stays so.

    .venv/bin/python benchmarks/daemon.py [PART...] [--rows 820000] [--idle-minutes 1] [--json]

Parts: burst (500 markets that close at once), flow (a long market at full speed, its backtest, recovery), ready (from
a process's start; needs flow), idle, commit (an order's turns). All of them where none is named. Times are of this
machine and this hour; round trips, commits, records and bytes are not.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import daemon_burst
import daemon_commit
import daemon_flow
import daemon_process

from research.sample_market import make_sample_market
from service.embedded.client import join
from service.loop import run

PARTS = ("commit", "burst", "flow", "ready", "idle")


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """The figures of the parts that are asked for."""
    parts, found = options.parts or PARTS, dict[str, Any]()
    if "commit" in parts:
        found["commit"] = run(daemon_commit.commits((options.orders, 20 * options.orders)))
    if "burst" in parts:
        found["burst"] = daemon_burst.burst(options.symbols, options.minutes)
    with tempfile.TemporaryDirectory(prefix="cd-") as folder:
        data_dir = Path(folder)
        if "flow" in parts or "ready" in parts:
            with join(data_dir):
                found["flow"] = run(daemon_flow.flow(data_dir, options.rows))
        if "ready" in parts:
            dataset = daemon_flow.long_plan(data_dir, options.rows).definition.markets[0].dataset
            found["ready"] = daemon_process.ready(data_dir, dataset, daemon_flow.STREAM)
        if "idle" in parts:
            dataset = make_sample_market(data_dir, rows=100_000, seed=1).dataset
            found["idle"] = daemon_process.idle(data_dir, dataset, options.idle_minutes)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], metavar="PART")
    parser.add_argument("--symbols", type=int, default=500, help="of the burst")
    parser.add_argument("--minutes", type=int, default=12, help="of the burst; a market minute is three seconds")
    parser.add_argument("--rows", type=int, default=820_000, help="of the long market: a million records")
    parser.add_argument("--orders", type=int, default=1_000, help="before a commit is timed, and twenty times as many")
    parser.add_argument("--idle-minutes", type=float, default=1.0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = measure(options)
    if options.json:
        print(json.dumps(found))
        return
    for name, part in (("commit", daemon_commit), ("burst", daemon_burst), ("flow", daemon_flow)):
        if name in found:
            print("\n".join(part.lines(found[name])))
    print("\n".join(daemon_process.lines(found)))


if __name__ == "__main__":
    sys.exit(main())

"""What every peer's runner of the orders shares: the plan in, the fills out as one JSON object by run."""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from orders_cases import Episode, Fill, Run, episodes
from orders_market import Candle
from orders_runs import RUNS

Trade = Callable[[Run, Sequence[Candle], Sequence[Episode]], Sequence[Fill]]


def main(engine: str, version: str, trade: Trade) -> None:
    """Print {"engine", "version", "fills": {run: [[row, quantity, price in units], ...]}}."""
    parser = argparse.ArgumentParser(description=f"The orders on {engine} {version}.")
    parser.add_argument("data", type=Path, help="folder of the recorded candles")
    arguments = parser.parse_args()
    fills, markets = {}, {}
    for run in RUNS:
        if run.engine != engine:
            continue
        print(f"{engine} {run.name}", file=sys.stderr)
        if run.market.name not in markets:
            markets[run.market.name] = run.market.read(arguments.data)
        candles = markets[run.market.name]
        made = sorted(trade(run, candles, episodes(run.case, run.market, candles)), key=lambda fill: fill.row)
        fills[run.name] = [[fill.row, fill.quantity, fill.price] for fill in made]
    print(json.dumps({"engine": engine, "version": version, "fills": fills}))

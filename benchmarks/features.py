"""What features cost: a candle at a time from Python, over columns, at a start, in memory; beside other libraries.

    .venv/bin/python benchmarks/features.py [--rows 1000000] [--json]

Sets: `usual`, 150 indicator nodes as many strategies use them (features_mix.py), and features of our catalogue in a
shuffled order until their plan has 6, 50, 150, 500 nodes. Before anything is timed, the compiled engine, the plain one
and the columns must give the same bits. CPU time, medians; the figures of one call belong together.
"""

import argparse
import json
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from features_fresh import cold_and_warm, fresh
from features_market import candles_of, empty_call_ns, minutes, version
from features_mix import catalogued, mix, plan_of
from features_peers import SETTLED, TIMED, compare
from features_work import TIMED as TIMED_CANDLES
from features_work import per_candle, same_bits, scanned

from kernel.features.plan import Plan
from kernel.instrument import Instrument

SIZES = (6, 50, 150, 500)
WARM_ROWS = 20_000  # the longest warm-up of the catalogue, in minutes, and some


def plans() -> dict[str, Plan]:
    """Every set by its name."""
    usual = mix(150)
    return {"usual": plan_of(usual, usual), **{f"catalogue {n}": catalogued(n)[1] for n in SIZES}}


def measure_set(plan: Plan, traded: Instrument, blocks: Sequence[Any]) -> dict[str, Any]:
    """A set in this process, where all code is compiled already."""
    same_bits(plan, traded, blocks, 2_000)
    sizes = {"nodes": len(plan.nodes), "outputs": len(plan.names), "clocks": len(plan.sources)}
    return {**sizes, **per_candle(plan, traded, blocks, WARM_ROWS), **scanned(plan, traded, blocks)}


def measure_starts() -> dict[str, Any]:
    """Fresh processes: with nothing compiled, with everything compiled, without compiled code."""
    figures: dict[str, Any] = {"usual": cold_and_warm("usual", 150, "compiled", 3)}
    columns = cold_and_warm("usual", 150, "columns", 3)
    figures["usual"] |= {f"columns, {state}": spans for state, spans in columns.items()}
    figures |= {f"catalogue {n}": cold_and_warm("catalogue", n, "compiled", 1) for n in SIZES}
    with tempfile.TemporaryDirectory() as folder:
        for name, kinds in figures.items():
            which, _, nodes = name.partition(" ")
            kinds["plain"] = fresh(which, int(nodes or 150), "plain", Path(folder))
    return figures


def measure(rows: int) -> dict[str, Any]:
    """Every figure, in one go."""
    with tempfile.TemporaryDirectory() as folder:
        blocks, origin, traded = minutes(Path(folder), rows)
    figures: dict[str, Any] = {"data": origin, "date": f"{datetime.now(UTC):%Y-%m-%d}", "python": version()}
    figures["empty_call_ns"] = empty_call_ns()
    figures["sets"] = {name: measure_set(plan, traded, blocks) for name, plan in plans().items()}
    figures["peers"] = compare(traded, candles_of(blocks, traded.symbol, SETTLED + TIMED))
    figures["starts"] = measure_starts()
    return figures


def show(figures: dict[str, Any]) -> None:
    """The figures for a person."""
    print(f"{figures['date']}, Python {figures['python']}, {figures['data']}")
    print(f"an empty Python call costs {figures['empty_call_ns']:.0f} ns here; CPU time, medians\n")
    print("a candle, in us     nodes values   compiled: update  +emit    scan    plain: update    +emit")
    for name, f in figures["sets"].items():
        compiled = f"{f['compiled_update_ns'] / 1e3:16.2f} {f['compiled_update_emit_ns'] / 1e3:6.2f}"
        plain = f"{f['plain_update_ns'] / 1e3:16.1f} {f['plain_update_emit_ns'] / 1e3:8.1f}"
        print(f"{name:18s} {f['nodes']:6d} {f['outputs']:6d} {compiled} {f['scan_ns'] / 1e3:7.2f} {plain}")
    first = next(iter(figures["sets"].values()))
    print(f"(the scan over {first['rows']:,} candles)\n")
    peers = figures["peers"]
    print(f"the same {peers['nodes']} indicators, {peers['outputs']} equal values a candle, {peers['rows']:,} candles:")
    for name, what in PEERS.items():
        print(f"{peers[name] / 1e3:9.2f} us  {what}")
    print("\na fresh process, s             import    plan    code   first candle  whole: wall    CPU peak MB")
    for name, kinds in figures["starts"].items():
        for state, f in kinds.items():
            spans = f"{f['import_s']:7.2f} {f['plan_s']:7.3f} {f['code_s']:7.2f} {f['first_s'] * 1e3:11.2f} ms"
            whole = f"{f['process_s']:10.2f} {f['process_cpu_s']:6.2f} {f['peak_mb']:7.0f}"
            print(f"{name:14s} {state:14s} {spans} {whole}")


PEERS = {
    "candled": "candled, update and emit from Python",
    "talib_stream": "TA-Lib's stream handles",
    "talipp": "talipp",
    "hamilton_execute": "Hamilton, one execute a candle",
    "candled_scan": "candled, over columns",
    "hamilton_batch": "Hamilton, one execute over all rows, TA-Lib's functions as nodes",
}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    if arguments.rows < WARM_ROWS + TIMED_CANDLES:
        parser.error(f"at least {WARM_ROWS + TIMED_CANDLES} rows")
    measured = measure(arguments.rows)
    print(json.dumps(measured)) if arguments.json else show(measured)

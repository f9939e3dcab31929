"""The comparison behind `make peers`: first the same trades from every engine, then what each needs to make them.

Rule of this file: a figure counts only beside equal trades. One difference from the reference, and the exit code is 1.
Engines run one at a time and in turn, so that whatever else the machine does falls on all of them; medians are kept.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from engines import CHECKOUT, FILLS, MILLION, PEERS, YEAR, Engine, Market, Reference, machine
from measure import CommandFailed, Measured
from on_candled import Candled, candled_is_there

RESULTS = CHECKOUT / "benchmarks" / "peers" / "results.json"
EXPECTED = CHECKOUT / "tests" / "peers" / "expected.json"
DATA = CHECKOUT.parent / "shared" / "data" / "candles"
MARKETS = (YEAR, MILLION)
COMPARED = ("fills", "round_trips", "digest")
EXACT = (*COMPARED, "fees", "final_cash", "final_equity")
TOLERANCE = 0.01  # quote; the peers add up 38,000 fees in float64

Report = dict[str, Any]
Agreed = dict[tuple[str, str], Report]  # by market name and fill model


def main() -> int:
    parser = argparse.ArgumentParser(description="Every engine on the same rule and rows.")
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the recorded candles")
    parser.add_argument("--times", type=int, default=3, help="processes per engine and fill model")
    parser.add_argument("--accept", action="store_true", help="write tests/peers/expected.json anew")
    arguments = parser.parse_args()
    if not arguments.data.is_dir():
        parser.error(f"no recorded candles in {arguments.data}: name their folder with --data")
    for peer in PEERS:
        peer.install()
    with tempfile.TemporaryDirectory() as folder:
        engines: list[Engine] = [*([Candled(Path(folder))] if candled_is_there() else []), *PEERS]
        return compare(engines, arguments.data, arguments.times, accept=arguments.accept)


def compare(engines: Sequence[Engine], data: Path, times: int, *, accept: bool) -> int:
    """Agree on a year, then be timed, and agree there too; no result is kept of engines that do not."""
    reference = {(m.name, fill): Reference().run(m, fill, data).report for m in MARKETS for fill in FILLS}
    year = run_all(engines, YEAR, data)
    if differing := differences(year, reference, YEAR):
        return refuse(differing)
    million = [run for _ in range(times) for run in run_all(engines, MILLION, data)]
    warm = run_warm(data, times)
    if differing := differences([*million, *warm], reference, MILLION):
        return refuse(differing)
    rows = [summary(runs) for runs in grouped(million)] + [summary_warm(run) for run in warm]
    write(RESULTS, {"taken": datetime.now(UTC).date().isoformat(), **machine(), "market": MILLION.name, "rows": rows})
    if accept:
        write(EXPECTED, {m.name: expectation(m, reference, runs) for m, runs in ((YEAR, year), (MILLION, million))})
    print(table(rows))
    print("every engine made the reference's trades")
    return 0


def refuse(differing: Sequence[str]) -> int:
    print("\n".join(differing))
    return 1


def run_all(engines: Iterable[Engine], market: Market, data: Path) -> list[Measured]:
    """Each engine once in each of its fill models, in turn."""
    done = []
    for engine in engines:
        for fill in engine.fills:
            print(f"{market.name} {fill} {engine.name}", file=sys.stderr)
            done.append(engine.run(market, fill, data))
    return done


def run_warm(data: Path, times: int) -> list[Measured]:
    """The peers that compile in their first run, once more, with further runs in the same process."""
    compiling = [peer for peer in PEERS if peer.compiles]
    return [peer.run(MILLION, fill, data, warm=times) for peer in compiling for fill in peer.fills]


def differences(runs: Iterable[Measured], reference: Agreed, market: Market) -> list[str]:
    """One line for each field in which an engine differs from the reference."""
    return [
        f"{describe(run.report)} on {market.name}: {field} {run.report[field]}, by the reference {expected[field]}"
        for run in runs
        for expected in [reference[market.name, run.report["fill"]]]
        for field in ("candles", *COMPARED, "fees", "final_equity")
        if not agree(run.report.get(field), expected[field])
    ]


def agree(told: object, expected: Any) -> bool:
    """Exactly, for what is told as text or count; within the tolerance for a float. What is not told cannot differ."""
    if isinstance(told, float):
        return abs(told - float(expected)) <= TOLERANCE
    return told is None or told == expected


def describe(report: Report) -> str:
    return f"{report['engine']} {report['version']} {report['fill']}"


def grouped(runs: Sequence[Measured]) -> list[list[Measured]]:
    """Runs of one engine and fill model together, in the order of their first."""
    groups: dict[str, list[Measured]] = {}
    for run in runs:
        groups.setdefault(describe(run.report), []).append(run)
    return list(groups.values())


def summary(runs: Sequence[Measured]) -> Report:
    """The medians of one engine in one fill model, each run a process of its own."""
    first = runs[0].report
    run_s = median(run.report["run_s"][0] for run in runs)
    cpu = [run.report["run_cpu_s"][0] for run in runs if "run_cpu_s" in run.report]
    return {
        "engine": first["engine"], "version": first["version"], "fill": first["fill"], "fills": first["fills"],
        "bars_per_s": round(first["candles"] / run_s),
        "run_us_per_bar_cpu": round(median(cpu) / first["candles"] * 1e6, 3) if cpu else None,
        "whole_wall_s": round(median(run.wall_s for run in runs), 2),
        "whole_cpu_s": round(median(run.cpu_s for run in runs), 2),
        "peak_mib": round(median(run.peak_mib for run in runs)), "runs": len(runs),
    }  # fmt: skip


def summary_warm(run: Measured) -> Report:
    """The medians of the runs after the first, in one process: the run alone, since the process is not theirs."""
    report = run.report
    run_s, cpu_s = median(report["run_s"][1:]), median(report["run_cpu_s"][1:])
    return {
        "engine": f"{report['engine']}, compiled", "version": report["version"], "fill": report["fill"],
        "fills": report["fills"], "bars_per_s": round(report["candles"] / run_s),
        "run_us_per_bar_cpu": round(cpu_s / report["candles"] * 1e6, 3),
        "whole_wall_s": None, "whole_cpu_s": None, "peak_mib": round(run.peak_mib), "runs": len(report["run_s"]) - 1,
    }  # fmt: skip


def table(rows: Sequence[Report]) -> str:
    """The rows as Markdown, with whole-process CPU as a ratio to the first engine's in the same fill model."""
    base = {row["fill"]: row["whole_cpu_s"] for row in reversed(rows) if row["whole_cpu_s"]}
    head = ("engine", "fill", "fills", "bars/s", "us/bar CPU", "whole s", "whole CPU s", "ratio", "MiB", "runs")
    lines: list[tuple[object, ...]] = [head, ("---",) * len(head)]
    for row in rows:
        whole = row["whole_cpu_s"]
        ratio = round(whole / base[row["fill"]], 2) if whole else None
        name, bars_per_s = f"{row['engine']} {row['version']}", f"{row['bars_per_s']:,}"
        speed = (bars_per_s, row["run_us_per_bar_cpu"], row["whole_wall_s"], whole, ratio)
        lines.append((name, row["fill"], f"{row['fills']:,}", *speed, row["peak_mib"], row["runs"]))
    return "\n".join("| " + " | ".join("-" if cell is None else str(cell) for cell in line) + " |" for line in lines)


def expectation(market: Market, reference: Agreed, runs: Sequence[Measured]) -> Report:
    """What tests/peers checks, by fill model: the reference and each peer. For candled its own tests do."""
    expected: Report = {"files": market.files, "rows": market.rows}
    for fill in FILLS:
        reports = {describe(run.report): run.report for run in runs if run.report["fill"] == fill}
        peers = {
            f"{report['engine']} {report['version']}": {field: report[field] for field in COMPARED}
            for report in reports.values()
            if report["engine"] != "candled"
        }
        exact = {field: reference[market.name, fill][field] for field in EXACT}
        expected[fill] = {"reference": exact, "peers": peers}
    return expected


def write(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, indent=2) + "\n")


if __name__ == "__main__":
    try:
        sys.exit(main())
    except CommandFailed as failed:
        sys.exit(str(failed))

"""What orchestrating costs per candle: the spike that the decision dossier asks for before choosing an orchestrator.

    .venv/bin/python benchmarks/orchestration.py [--candles 8000] [--rounds 2] [--json]

The dossier's step loop, Hamilton with every idiom for a gate, and ours, on the same candles (BTC/USDC where the
recorded data lies beside the checkout) with 6 and with 150 nodes, with and without a gate that rejects four candles in
five. Every way must make the same decisions, bit for bit. They take chunks of candles in turn; CPU time, medians. What
a way takes more than the same bodies written down by hand ("bare") is what its orchestration costs.
"""

import argparse
import cProfile
import json
import pstats
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from statistics import median
from time import perf_counter, process_time
from typing import Any

import orchestration_branches
import orchestration_hamilton as hamilton
import orchestration_imports
import orchestration_ways as ways
from features_market import Market, empty_call_ns, usdc_market, version
from orchestration_fresh import starts
from orchestration_show import show
from orchestration_work import Case, Decision, Step, bare, make_case, rejected, run, threshold_for

from kernel.messages import CandleClosed

WARM, SKIP = 1_500, 8_500  # the timed candles begin on 8 March 2023, three days before USDC lost its peg
SHARE = 0.8
SIZES = (6, 150)
CHUNK = 200
REBUILT = {6: 5 * CHUNK, 150: CHUNK}  # candles of the way that builds a driver for each
PROFILED = 200

Maker = Callable[[Case], Step]
OURS: dict[str, Maker] = {"plain": ways.plain, "compiled": ways.compiled}
ALWAYS: dict[str, Maker] = {"bare": bare, "dossier": ways.dossier, **OURS}
OPEN = ("all", "inside", "two executes")


def steps(case: Case) -> dict[str, Step]:
    """Every way that takes a candle at a time, built and warm."""
    idioms = hamilton.IDIOMS if case.level else {name: hamilton.IDIOMS[name] for name in OPEN}
    return {name: make(case) for name, make in ALWAYS.items()} | {
        f"Hamilton: {name}": make(case) for name, make in idioms.items()
    }


def timed(call: Callable[[], list[Decision]]) -> tuple[float, float, list[Decision]]:
    """Wall and CPU seconds, and what was decided."""
    wall, cpu = perf_counter(), process_time()
    decisions = call()
    return perf_counter() - wall, process_time() - cpu, decisions


def one_round(case: Case, candles: Sequence[CandleClosed], spent: dict[str, list[Any]]) -> list[Decision]:
    """All candles once, in chunks that the ways take in turn; `spent` gets each way's (wall, CPU) seconds by chunk."""
    made, decisions = steps(case), []
    for first in range(0, len(candles), CHUNK):
        chunk, expected = candles[first : first + CHUNK], None
        for name, step in made.items():
            if name == "Hamilton: rebuilt" and first >= REBUILT[case.nodes]:
                continue
            wall_s, cpu_s, decided = timed(partial(run, step, chunk))
            expected = decided if expected is None else expected
            if decided != expected:
                raise AssertionError(f"{name}: other decisions than the bare bodies'")
            spent.setdefault(name, []).append((wall_s, cpu_s))
        decisions += expected or []
    wall_s, cpu_s, decided = timed(ways.columns(case, candles))
    if decided != decisions:
        raise AssertionError("columns: other decisions than the bare bodies'")
    chunks = len(candles) / CHUNK
    spent.setdefault("columns", []).append((wall_s / chunks, cpu_s / chunks))
    return decisions


def measure_case(case: Case, candles: Sequence[CandleClosed], rounds: int) -> dict[str, Any]:
    """Medians over the chunks of all rounds; what is over the bare bodies is compared chunk by chunk."""
    spent: dict[str, list[Any]] = {}
    for _ in range(rounds):
        decisions = one_round(case, candles, spent)
    bare_s = [cpu_s for _, cpu_s in spent["bare"]]
    figures = {}
    for name, found in spent.items():
        over = [cpu_s - beside for (_, cpu_s), beside in zip(found, bare_s, strict=False)]
        figures[name] = {
            "wall_s": median(wall_s for wall_s, _ in found) * len(candles) / CHUNK,
            "cpu_us": median(cpu_s for _, cpu_s in found) / CHUNK * 1e6,
            "over_us": median(over) / CHUNK * 1e6,
        }
    return {"decisions": len(decisions), "ways": figures}


def profiled(case: Case, candles: Sequence[CandleClosed]) -> dict[str, Any]:
    """Where `execute` spends its time, by cProfile: the share of Hamilton's own files, and its dearest functions."""
    step, profile = hamilton.IDIOMS["all"](case), cProfile.Profile()
    profile.runcall(run, step, candles)
    own: dict[str, float] = {}
    total = 0.0
    for (file, _, function), (_, _, alone, _, _) in pstats.Stats(profile).stats.items():  # type: ignore[attr-defined]
        total += alone
        if "/hamilton/" in file:
            own[function] = own.get(function, 0.0) + alone
    dearest = sorted(own, key=own.__getitem__, reverse=True)[:4]
    return {"share": sum(own.values()) / total, "dearest": {name: own[name] / total for name in dearest}}


def spike(market: Market, rounds: int) -> dict[str, Any]:
    """The four cases."""
    warm, candles = market.candles[:WARM], market.candles[WARM:]
    threshold = threshold_for(market.instrument, candles, SHARE)
    figures: dict[str, Any] = {"rejected": rejected(market.instrument, candles, threshold), "cases": []}
    for nodes in SIZES:
        for gated in (False, True):
            case = make_case(nodes, market.instrument, warm, threshold, gated=gated)
            measured = measure_case(case, candles, rounds)
            figures["cases"].append({"nodes": nodes, "gated": gated, **measured})
            if not gated:
                figures[f"profile_{nodes}"] = profiled(case, candles[:PROFILED])
    return figures


def measure(candles: int, rounds: int) -> dict[str, Any]:
    """Every figure, in one go."""
    market = usdc_market(WARM + candles, skip=SKIP)
    figures: dict[str, Any] = {"data": market.origin, "candles": candles, "python": version()}
    figures |= {"date": f"{datetime.now(UTC):%Y-%m-%d}", "empty_call_ns": empty_call_ns()}
    figures |= spike(market, rounds)
    figures["starts"] = {str(nodes): starts(nodes) for nodes in SIZES}
    figures["branches"] = orchestration_branches.measure()
    figures["imports"] = orchestration_imports.measure()
    return figures


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--candles", type=int, default=8_000)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    if arguments.candles % CHUNK or not arguments.candles:
        parser.error(f"a multiple of {CHUNK} candles")
    result = measure(arguments.candles, arguments.rounds)
    print(json.dumps(result)) if arguments.json else show(result)

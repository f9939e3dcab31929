"""`candled demo`: the whole tour on a synthetic market. It runs what a user would run, and says what to run next."""

from pathlib import Path
from time import perf_counter
from typing import Annotated

import msgspec
from cyclopts import Parameter
from rich.console import Console

from kernel.errors import CheckFailed
from research.sample_market import make_sample_market
from service.cli.options import Common, answer, console, progress
from service.cli.run_tables import show_backtest
from service.compose import compose
from service.config import load_config
from service.definition import Window
from service.launch import Prepared, execute, prepare
from service.log.record import Record
from service.log.verify import Verdict, verify
from service.loop import run
from service.replay import Replayed, read_log, replay
from service.runs import resolve
from service.stores import open_store
from venues.dataset import Dataset, open_dataset

__all__ = ["demo"]

_DEFAULTS = Common()
_STRATEGY = Path(__file__).with_name("demo.toml")


def demo(
    *,
    rows: Annotated[int, Parameter(help="How many synthetic one-minute candles.")] = 200_000,
    seed: Annotated[int, Parameter(help="The market is a function of this number.")] = 7,
    common: Common = _DEFAULTS,
) -> None:
    """Make a synthetic market, run a strategy on it into PostgreSQL, prove the log whole and replay it bit for bit.

    Needs no server: the database is candled's own, below the data directory, and is stopped when the demo ends.

        candled demo

        candled demo --seed 11 --rows 50000
    """
    started = perf_counter()
    say = console()
    say.print("[bold]1[/] a synthetic market (no real prices: seeded, the same on every machine)", highlight=False)
    dataset = _market(common.data_dir, rows, seed)
    say.print("[bold]2[/] a backtest, every transition appended to PostgreSQL", highlight=False)
    config = load_config(_STRATEGY)
    prepared = prepare(common.data_dir, config, [dataset], window=Window(), beside=_STRATEGY.parent)
    with progress("backtesting", rows, "candles") as advance:
        result = execute(
            common.data_dir, prepared, store="postgres", database_url=common.database_url, progress=advance
        )
    say.print("[bold]3[/] the log, read back: every hash checked, every record executed again", highlight=False)
    verdict, replayed = _prove(common, prepared, result.stream)
    proven = {"verified": verdict.ok, "equal": replayed.first_divergence is None}
    seconds = round(perf_counter() - started, 1)
    facts = {"dataset": dataset.manifest.dataset, **msgspec.to_builtins(result), **proven, "seconds": seconds}

    def show(out: Console) -> None:
        show_backtest(out, result, prepared.definition, common)
        _show_proof(out, verdict, replayed, seconds)
        _show_next(out, result.run[:12], common)

    answer(common, facts, show)
    if not all(proven.values()):
        raise CheckFailed("the demo's own proof failed: this is a bug, please report it")


def _market(data_dir: Path, rows: int, seed: int) -> Dataset:
    with progress("making the market", rows, "candles") as advance:
        manifest = make_sample_market(data_dir, rows=rows, seed=seed, progress=advance)
    return open_dataset(data_dir, manifest.dataset)


def _prove(common: Common, prepared: Prepared, stream: str) -> tuple[Verdict, Replayed]:
    """Verify the log against the head that the execution left, then execute it again from what the database holds."""
    outcome = resolve(common.data_dir, stream).outcome()

    async def read() -> tuple[Verdict, list[Record]]:
        async with open_store("postgres", common.data_dir, common.database_url) as store:
            anchor = outcome.head if outcome is not None else None
            return await verify(store, stream, anchor=anchor, ended=True), await read_log(store, stream)

    verdict, recorded = run(read())
    with progress("replaying", len(recorded), "records") as advance:
        return verdict, replay(compose(prepared.definition, common.data_dir), recorded, advance)


def _show_proof(out: Console, verdict: Verdict, replayed: Replayed, seconds: float) -> None:
    good, bad = "[green]yes[/]", "[red]no[/]"
    out.print(f"\nlog whole, by its hashes   {good if verdict.ok else bad}   ({verdict.records:,} records)")
    equal = replayed.first_divergence is None
    out.print(f"replayed bit for bit       {good if equal else bad}   ({replayed.events:,} records)")
    out.print(f"took                       {seconds} s")


def _show_next(out: Console, short: str, common: Common) -> None:
    verbs = (
        f"explain {short} --at 2024-02-01",
        f"log show {short} --limit 20",
        "data import FILE... --venue binance --symbol BTC/USDT --timeframe 1m",
    )
    lines = ["\ntry next:", *(common.command(verb) for verb in verbs)]
    lines.append(f"\neverything is in {common.data_dir.resolve()}")
    out.print("\n  ".join(lines), highlight=False, markup=False, soft_wrap=True)

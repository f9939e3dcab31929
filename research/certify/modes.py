"""A strategy in step mode, in block mode, and through the daemon, in a directory that is gone afterwards.

Step and block write the same log. The daemon's has the candles too, and how it was run: its decisions are the same.
"""

from collections.abc import Sequence
from itertools import zip_longest
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from research.certify.report import Modes
from service.config import Config
from service.daemon.plan import Asked, make_plan
from service.daemon.played import played
from service.definition import Window
from service.features import Mode
from service.launch import execute, prepare
from service.log.file import FileLogStore
from service.log.record import Record, hashed_text
from service.loop import run
from service.replay import read_log
from service.result import Result
from service.stores import open_store
from venues.dataset import Dataset

__all__ = ["STRATEGIES", "Trial", "run_both"]

_HERE = Path(__file__).parent
STRATEGIES = (_HERE / "ema_cross.toml", _HERE / "gated_reversion.toml", _HERE / "bracketed.toml")
"""What is run where the user names no strategy."""

_MODES: tuple[Mode, ...] = ("step", "block")
_SHARED = ("datasets", "artifacts", "instruments.toml")  # of the data directory; a run only reads them


class Trial(NamedTuple):
    """A strategy, where a rule of its own is looked for, and the candles that it decides on."""

    config: Config
    beside: Path
    window: Window


def run_both(data_dir: Path, datasets: Sequence[Dataset], trial: Trial) -> Modes:
    """Run the strategy over the datasets, which lie in `data_dir`, in step and in block mode. Errors: as `prepare`."""
    with TemporaryDirectory(prefix="candled-certify-") as scratch:
        home = Path(scratch)
        for name in _SHARED:
            (home / name).symlink_to((data_dir / name).resolve())
        step, block = (_run(home, datasets, trial, mode) for mode in _MODES)
        same = (step.log_head, step.decisions_digest, step.trades) == (
            block.log_head,
            block.decisions_digest,
            block.trades,
        )
        different = None if same else run(_first_difference(home, step.stream, block.stream))
        daemon = _through_daemon(home, datasets, trial)
    return Modes(
        strategy=" + ".join(strategy.name for strategy in trial.config.every_strategy),
        symbols=sorted(dataset.manifest.symbol for dataset in datasets),
        equal=same and daemon.decisions_digest == step.decisions_digest,
        records=step.events,
        log_head_step=step.log_head,
        log_head_block=block.log_head,
        decisions_step=step.decisions_digest,
        decisions_block=block.decisions_digest,
        decisions_daemon=daemon.decisions_digest,
        decisions=step.decisions,
        trades=step.trades,
        gate={symbol: round(1 - rate.rejected / rate.candles, 6) for symbol, rate in step.gate.items()},
        first_difference=different,
    )


def _run(home: Path, datasets: Sequence[Dataset], trial: Trial, mode: Mode) -> Result:
    prepared = prepare(home, trial.config, datasets, window=trial.window, beside=trial.beside, mode=mode)
    return execute(home, prepared, store="file")


def _through_daemon(home: Path, datasets: Sequence[Dataset], trial: Trial) -> Result:
    """As `candled run --speed max` plays it, into a file."""
    ids = [dataset.manifest.dataset for dataset in datasets]
    plan = make_plan(home, trial.config, Asked("certify", ids, trial.window, trial.beside))
    return run(played(plan, FileLogStore(home / "daemon")))


async def _first_difference(home: Path, step: str, block: str) -> dict[str, Any] | None:
    """The first record that is not the same in both logs."""
    async with open_store("file", home, None) as store:
        logs = [await read_log(store, stream) for stream in (step, block)]
    for place, (one, other) in enumerate(zip_longest(*logs)):
        if one is None or other is None or one.hash != other.hash:
            return {"seq": place + 1, "step": _text(one), "block": _text(other)}
    return None


def _text(record: Record | None) -> str:
    return "nothing: the log ended" if record is None else hashed_text(record).decode()

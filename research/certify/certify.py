"""The whole certification: which features and strategies, and in which processes."""

import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

from kernel.errors import CheckFailed, UsageError
from kernel.features.declaration import Feature
from research.certify.examination import Part, examine, parts_of
from research.certify.modes import Trial, run_both
from research.certify.recording import Recording, recording_of
from research.certify.report import Findings, Modes, Report, Unmade
from research.certify.summary import summarize
from research.certify.warming import first_rows
from research.certify.ways import plan_of
from research.features.obstacles import obstacles
from service.compiled import told_off
from service.definition import Window
from venues.dataset import Dataset

__all__ = ["Certification", "prepare"]

_FEWEST = 10  # candles in which there is anything to cut


class _Job(NamedTuple):
    """Something to be done by itself, and how much of the whole it is."""

    run: Callable[..., Findings | Modes]
    arguments: tuple[Any, ...]
    work: int


@dataclass(frozen=True)
class Certification:
    """What is to be done: features in parts, and strategies. `work` counts both, for a progress bar."""

    data_dir: Path
    whole: Part
    trials: Sequence[Trial]
    traded: tuple[Dataset, ...]
    unmade: Sequence[Unmade]
    notes: Sequence[str]

    @property
    def work(self) -> int:
        """How much `run` will report in all."""
        return sum(job.work for job in self._jobs())

    @property
    def rows(self) -> int:
        """How many candles the features are made of."""
        return recording_of(self.whole.datasets, self.whole.window).rows

    def run(self, *, processes: int = 1, progress: Callable[[int], Any] = lambda _done: None) -> Report:
        """Do it, with one process here, with more in others. Errors: those of the data and the strategies.

        CheckFailed where another process dies: compiled code that writes where it must not can do that.
        """
        started, jobs = perf_counter(), self._jobs()
        found: dict[int, Findings | Modes] = {}
        for place, result in _here(jobs) if processes == 1 else _elsewhere(jobs, processes):
            found[place] = result
            progress(jobs[place].work)
        findings, modes = Findings(), []
        for place in range(len(jobs)):  # in this order, whatever was done first
            result = found[place]
            if isinstance(result, Modes):
                modes.append(result)
            else:
                findings.add(result)
        return summarize(self.whole, findings, modes, self.unmade, self.notes, wall_s=perf_counter() - started)

    def _jobs(self) -> list[_Job]:
        """Strategies first: one that cannot run should be told of soon."""
        trials = [_Job(run_both, (self.data_dir, self.traded, trial), 1) for trial in self.trials]
        return [*trials, *(_Job(examine, (part,), len(part.names)) for part in parts_of(self.whole))]


def _here(jobs: Sequence[_Job]) -> Iterator[tuple[int, Findings | Modes]]:
    for place, job in enumerate(jobs):
        yield place, job.run(*job.arguments)


def _elsewhere(jobs: Sequence[_Job], processes: int) -> Iterator[tuple[int, Findings | Modes]]:
    """In processes that are begun anew, not forked: whoever calls may have threads."""
    pool = ProcessPoolExecutor(processes, mp_context=get_context("spawn"), initializer=_die_with_ctrl_c)
    try:
        places = {pool.submit(job.run, *job.arguments): place for place, job in enumerate(jobs)}
        for future in as_completed(places):
            yield places[future], future.result()
    except BrokenProcessPool:
        raise CheckFailed(
            "a process died while it computed features: compiled code wrote where it must not, or memory ran out",
            fix="--processes 1 needs half the memory",
        ) from None
    finally:
        pool.shutdown(cancel_futures=True)


def prepare(
    data_dir: Path,
    datasets: Sequence[Dataset],
    declared: Sequence[Feature],
    trials: Sequence[Trial],
    *,
    window: Window = Window(),  # noqa: B008 - it is frozen
    quick: bool = False,
) -> Certification:
    """Certify what is declared on the first dataset's candles; strategies run on all that are quoted as the first is.

    Errors: UsageError for too few candles, for two datasets of one symbol, and where compiled code is told off.
    """
    if told_off():
        raise UsageError("NUMBA_DISABLE_JIT is set: there is no compiled code to certify", fix="unset it")
    recording = recording_of(tuple(datasets), window)
    if recording.rows < _FEWEST:
        raise UsageError(f"{recording.rows} candles are too few to certify anything", fix="give a longer time")
    names, unmade = _makeable(recording, declared)
    whole = Part(tuple(datasets), window, tuple(declared), names, quick)
    quote = recording.instruments[recording.symbol].quote
    traded = tuple(d for d in datasets if recording.instruments[d.manifest.symbol].quote == quote)
    left_out = [d.manifest.symbol for d in datasets if d not in traded]
    notes = [f"strategies do not trade {', '.join(left_out)}: an account has one currency"] if left_out else []
    return Certification(data_dir, whole, trials, traded, unmade, notes)


def _makeable(recording: Recording, declared: Sequence[Feature]) -> tuple[tuple[str, ...], list[Unmade]]:
    """The features that the candles give, and why not the others."""
    every = [feature.name for feature in declared]
    hindered = obstacles(declared, every, recording.base.base_ns, symbols=recording.markets)
    able = [name for name in every if name not in hindered]
    plan = plan_of(recording, declared, able)
    for name, first, warmup in zip(able, first_rows(plan, recording), plan.warmups, strict=True):
        if first is None:
            hindered[name] = f"it has no value before candle {warmup:,}, and there are {recording.rows:,}"
    names = tuple(name for name in able if name not in hindered)
    return names, [Unmade(name, hindered[name]) for name in every if name in hindered]


def _die_with_ctrl_c() -> None:
    """At once and without a word: whoever waits for this process says it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)

"""What `candled run` is to do: a prepared run on a stream; a stream that exists is continued."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import asdict, replace

from kernel.errors import UsageError
from service.config_types import Config
from service.definition import RunDefinition, Window, read_definition, run_id
from service.launch import Prepared, choose_datasets, prepare
from service.runs import runs_dir
from service.streams import find, register
from venues.dataset import open_dataset

__all__ = ["Asked", "Plan", "make_plan"]


NO_WINDOW = Window()


@dataclass(frozen=True, slots=True)
class Asked:
    """What the caller wants, besides the configuration.

    `beside` is the folder of the user's own rules; `speed` is in market seconds per second, None as fast as it goes.
    """

    stream: str
    datasets: Sequence[str] = ()
    window: Window = NO_WINDOW
    beside: Path = Path()
    rules_file: Path | None = None
    speed: float | None = None
    exit_at_end: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """`run` is what the stream was opened for; the code of `prepared` may be newer. `place` is the stream's directory.

    `speed` is in market seconds per second, None for as fast as it goes.
    """

    config: Config
    prepared: Prepared
    run: str
    stream: str
    place: Path
    data_dir: Path
    speed: float | None
    exit_at_end: bool

    @property
    def definition(self) -> RunDefinition:
        """What is executed, by the code that is installed."""
        return self.prepared.definition


def make_plan(data_dir: Path, config: Config, asked: Asked) -> Plan:
    """Prepare a run for a stream. Where the stream exists, a window or datasets that are not given are its own.

    Errors: those of `prepare`; UsageError where the stream executes another run.
    """
    stream, window, datasets = asked.stream, asked.window, asked.datasets
    known = find(data_dir, stream)
    recorded = None
    if known is not None:
        recorded = read_definition(runs_dir(data_dir) / known.run / "definition.json", known.run)
        window = Window(window.first or recorded.window.first, window.before or recorded.window.before)
        if not datasets and not config.markets:
            datasets = [market.dataset for market in recorded.markets]
    details = [open_dataset(data_dir, m.detail) for m in recorded.markets if m.detail] if recorded else []
    chosen = choose_datasets(data_dir, datasets, config)
    prepared = prepare(
        data_dir, config, chosen, window=window, beside=asked.beside, rules_file=asked.rules_file, details=details
    )
    run = run_id(prepared.definition)
    if known is not None and recorded is not None and known.run != run:
        _check_same(stream, recorded, prepared.definition)
        run = known.run
    place = register(data_dir, stream, run)
    return Plan(config, prepared, run, stream, place, data_dir, asked.speed, asked.exit_at_end)


def _check_same(stream: str, recorded: RunDefinition, given: RunDefinition) -> None:
    """Newer code may continue a stream, since it must make everything recorded again; another run may not."""
    same_code = replace(given, kernel_code=recorded.kernel_code, venues_code=recorded.venues_code)
    if same_code != recorded:
        old, new = asdict(recorded), asdict(same_code)
        other = ", ".join(name for name in old if old[name] != new[name])
        raise UsageError(
            f"the stream {stream} was begun with another configuration: {other} are not the same",
            fix="start another stream with --stream NAME, or give it the configuration that it began with",
        )

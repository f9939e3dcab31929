"""`candled certify`: the proof that a feature has one value, however it is made."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
from cyclopts import Parameter
from cyclopts.validators import Number

from kernel.errors import CheckFailed, ConfigError
from kernel.features.catalogue.index import catalogue
from kernel.features.declaration import Feature
from kernel.timeframe import parse_time
from service.cli.options import Common, answer, progress
from service.definition import Window
from venues.dataset import open_dataset

if TYPE_CHECKING:
    from research.certify.modes import Trial

__all__ = ["certify"]

_DEFAULTS = Common()
_WORTH_SHARING = 20_000  # candles: fewer are done before other processes have begun


def certify(
    *,
    dataset: Annotated[
        tuple[str, ...],
        Parameter(
            name="--dataset",
            help="The candles; a second one, and so on, are other markets that features may read, and traded too.",
            negative="",
            show_default=False,
            required=True,
        ),
    ],
    config: Annotated[
        Path | None,
        Parameter(help="A strategy file: its own features are certified too, and it is run. Else two built-in ones."),
    ] = None,
    from_: Annotated[str | None, Parameter(name="--from", help="Candles that open from this time on.")] = None,
    to: Annotated[str | None, Parameter(help="Candles that open before this time.")] = None,
    quick: Annotated[
        bool, Parameter(negative="", help="The uncompiled path on some stretches only.", show_default=False)
    ] = False,
    processes: Annotated[
        int | None, Parameter(help="How many work at once; else one for each core.", validator=Number(gte=1))
    ] = None,
    common: Common = _DEFAULTS,
) -> None:
    """Prove on recorded candles that every feature has one value: exit code 1 when a single bit differs.

    Each is made by the batch graph, by the compiled and the plain hot path, and in blocks; over prefixes, from several
    rows on, across snapshots, and beside another engine. Strategies run in step and in block mode. docs/certify.md says
    what that proves.

        candled certify --dataset 9f45883e

        candled certify --dataset 9f45883e --config examples/mean_reversion.toml --from 2022-06-01 --quick
    """
    from research.certify.certify import prepare
    from research.certify.tables import show_report

    window = Window(parse_time(from_) if from_ else None, parse_time(to) if to else None)
    datasets = [open_dataset(common.data_dir, name) for name in dataset]
    declared, trials = _strategies(config, window)
    work = prepare(common.data_dir, datasets, declared, trials, window=window, quick=quick)
    count = processes or (len(os.sched_getaffinity(0)) if work.rows >= _WORTH_SHARING else 1)
    with progress("certifying", work.work, "features and strategies") as advance:
        report = work.run(processes=count, progress=advance)
    answer(common, msgspec.to_builtins(report), lambda out: show_report(out, report))
    if not report.ok:
        failed = [sum(not found.ok for found in report.features), sum(not run.equal for run in report.modes)]
        raise CheckFailed(f"not certified: {failed[0]} of the features differ, and {failed[1]} of the strategies")


def _strategies(config: Path | None, window: Window) -> tuple[Sequence[Feature], Sequence["Trial"]]:
    """What is declared, and what is run."""
    from research.certify.modes import STRATEGIES, Trial
    from service.config import load_config

    if config is None:
        return catalogue(), [Trial(load_config(path), path.parent, window) for path in STRATEGIES]
    loaded = load_config(config, environ=os.environ)
    own: dict[str, Feature] = {}
    for strategy in loaded.every_strategy:
        for feature in strategy.features:
            if own.setdefault(feature.name, feature) != feature:
                what = f"two strategies declare the feature {feature.name!r}, each otherwise"
                raise ConfigError(what, fix="give one of them another name: a report names features, not strategies")
    declared = [*own.values(), *(feature for feature in catalogue() if feature.name not in own)]
    return declared, [Trial(loaded, config.parent, window)]

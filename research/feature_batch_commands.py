"""`candled features compute|fit`: declared features over a dataset, and what is fitted on them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, NamedTuple

from cyclopts import Parameter

from kernel.features.catalogue.index import catalogue
from kernel.timeframe import iso, parse_time
from research.feature_commands import Force, Without, check_free, choose, write_whole
from research.feature_tables import show_computed, show_fitted
from research.features.batch import Batch, markets_of, prepare
from research.features.cache import Cache
from research.features.obstacles import check_groups, obstacles
from research.features.sources import Column
from service.cli.options import Common, answer, progress, warn
from service.definition import Window
from venues.dataset import open_dataset

__all__ = ["compute", "fit"]

_DEFAULTS = Common()


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which features, over which candles."""

    dataset: Annotated[
        tuple[str, ...],
        Parameter(
            help="The candles; a second one, and so on, are other markets that features may read.",
            negative="",
            show_default=False,
        ),
    ]
    only: Annotated[str | None, Parameter(help="These features: A,B,... Else all that can be made.")] = None
    without: Without = ()
    from_: Annotated[
        str | None, Parameter(name="--from", help="Candles that open from this time on; earlier ones warm up.")
    ] = None
    to: Annotated[str | None, Parameter(help="Candles that open before this time.")] = None

    def window(self) -> Window:
        """Which candles: all are computed, these are wanted. Errors: UsageError for what is no time."""
        return Window(parse_time(self.from_) if self.from_ else None, parse_time(self.to) if self.to else None)

    def names(self) -> list[str]:
        """The features of `only`."""
        return [name.strip() for name in (self.only or "").split(",") if name.strip()]


def compute(
    *,
    asked: Asked,
    out: Annotated[Path, Parameter(help="The Parquet file to write.")],
    force: Force = False,
    common: Common = _DEFAULTS,
) -> None:
    """Compute features of a dataset's candles into a Parquet file: open_time, and a column a feature.

    The values are those that a run sees after each candle, to the last bit. What was computed once is kept in
    DATA_DIR/features/cache, and the lineage in DATA_DIR/features/runs.

        candled features compute --dataset 9f45883e --out features.parquet

        candled features compute --dataset 9f45883e --only rsi_14,ema_26_1h --from 2022-06-01 --out june.parquet
    """
    from research.features.export import write_features
    from research.features.runs import store_run

    check_free(out, force=force)
    window = asked.window()
    made = _made(common, asked)
    rows = made.batch.rows(window)
    columns = {name: column[rows] for name, column in made.columns.items()}
    times = made.batch.base.block.open_time[rows]
    lineage = store_run(common.data_dir, made.batch, asked.without, {})
    about = {"dataset": made.batch.base.dataset, "lineage": lineage.name}
    with progress("writing", len(times), "candles") as advance:
        write_features(out, times, columns, about, advance)
    result = {
        "dataset": made.batch.base.dataset,
        "out": str(out),
        "rows": len(times),
        "first": iso(int(times[0])),
        "last": iso(int(times[-1])),
        "features": list(columns),
        "left_out": made.left_out,
        "computed": made.computed,
        "run": lineage.name,
        "lineage": str(lineage),
    }
    answer(common, result, lambda console: show_computed(console, result))


def fit(
    *,
    asked: Asked,
    min_variance: Annotated[float, Parameter(help="Drop features whose variance is not above this.")] = 0.0,
    out: Annotated[Path | None, Parameter(help="Write the artifact to this file too.")] = None,
    force: Force = False,
    common: Common = _DEFAULTS,
) -> None:
    """Fit imputer, variance filter and normalizer on the candles of a window, into an artifact named by its hash.

    A value that is not finite becomes the median; a constant feature is dropped; the others get mean 0 and variance 1.
    The artifact is DATA_DIR/artifacts/DIGEST.json.

    Example: `candled features fit --dataset 9f45883e --only rsi_14,roc_5 --to 2022-06-01`
    """
    from research.features.fit import NODES, fit_on, save_transform
    from research.features.runs import store_run

    check_free(out, force=force)
    window = asked.window()
    made = _made(common, asked)
    fitted = fit_on(made.batch, made.columns, window, min_variance=min_variance)
    path = save_transform(common.data_dir, fitted.transform)
    if out is not None:
        write_whole(out, fitted.transform.content())
    lineage = store_run(common.data_dir, made.batch, asked.without, {"fit": (fitted.graph, NODES)})
    result = {
        "transform": fitted.transform.digest(),
        "dataset": fitted.transform.dataset,
        "rows": fitted.transform.rows,
        "features": fitted.table(),
        "left_out": made.left_out,
        "path": str(path),
        "out": None if out is None else str(out),
        "run": lineage.name,
        "lineage": str(lineage),
    }
    answer(common, result, lambda console: show_fitted(console, result))


class _Made(NamedTuple):
    batch: Batch
    columns: dict[str, Column]
    computed: int
    left_out: dict[str, str]


def _made(common: Common, asked: Asked) -> _Made:
    """The columns of all candles, from the cache where they are there; how many features were computed, or left out."""
    declared, off = catalogue(), asked.without
    check_groups(declared, off)
    markets = markets_of([open_dataset(common.data_dir, dataset) for dataset in asked.dataset])
    base_ns = next(iter(markets.values())).base_ns

    def hindered(names: Sequence[str]) -> dict[str, str]:
        return obstacles(declared, names, base_ns, symbols=markets, off=off)

    wanted, left_out = choose(declared, asked.names(), hindered)
    computed: list[str] = []
    with progress("computing", len(wanted), "features") as advance:

        def done(name: str) -> None:
            computed.append(name)
            advance(name in wanted)

        batch = prepare(markets, declared, wanted, off=off, cache=Cache(common.data_dir, warn), done=done)
        columns = batch.compute()
    return _Made(batch, columns, sum(name in batch.wiring.features for name in computed), left_out)

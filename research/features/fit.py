"""Fits a transform on the columns of a training window, by the nodes of fitting.py, and keeps it under its hash."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from kernel.errors import UsageError
from kernel.features.transform import SCHEMA, FittedFeature, FittedTransform, Scaling
from research.features import fitting
from research.features.batch import Batch
from research.features.graph import Graph
from research.features.sources import Column
from service.artifacts import artifacts_dir
from service.definition import Window
from service.durable import replace_durably

__all__ = ["NODES", "Fitted", "fit_on", "save_transform"]

NODES = ("fill", "center", "scale", "dropped")


class Fitted(NamedTuple):
    """What came out: the artifact, the numbers of each node by feature, and the graph that they came out of."""

    transform: FittedTransform
    made: Mapping[str, Mapping[str, Any]]
    graph: Graph

    def table(self) -> list[dict[str, Any]]:
        """A row a feature: its numbers (None where it has none), whether it is kept, and why not."""
        return [
            {
                "name": name,
                **{node: self.made[node].get(name) for node in ("fill", "center", "scale")},
                "kept": name not in self.made["dropped"],
                "why": self.made["dropped"].get(name, ""),
            }
            for name in (feature.name for feature in self.transform.features)
        ]


def fit_on(batch: Batch, columns: Mapping[str, Column], window: Window, *, min_variance: float) -> Fitted:
    """Fit on the candles of a batch that open in the window; those before it have warmed the features up.

    Errors: UsageError when no candle opens in it, or no feature is left.
    """
    if not min_variance >= 0.0:
        raise UsageError(f"a variance is never below 0, and {min_variance} is asked for", fix="use 0 or more")
    rows = batch.rows(window)
    training = {name: columns[name][rows] for name in batch.wanted}
    graph = Graph(fitting)
    made = graph.execute(NODES, {"training": training, "min_variance": min_variance})
    dropped = made["dropped"]
    kept = [name for name in batch.wanted if name not in dropped]
    if not kept:
        raise UsageError(
            f"no feature is left to fit: {'; '.join(f'{name}: {why}' for name, why in dropped.items())}",
            fix="give a longer window, or other features",
        )
    transform = FittedTransform(
        schema=SCHEMA,
        features=tuple(FittedFeature(name, batch.hashes[name]) for name in batch.wanted),
        kept=tuple(Scaling(name, *(made[node][name] for node in NODES[:3])) for name in kept),
        dataset=batch.base.dataset,
        timeframe=batch.base.timeframe,
        first=window.first,
        before=window.before,
        rows=rows.stop - rows.start,
    )
    return Fitted(transform, made, graph)


def save_transform(data_dir: Path, transform: FittedTransform) -> Path:
    """Keep an artifact under its digest; where it lies. Errors: UsageError when it cannot be written."""
    path = artifacts_dir(data_dir) / f"{transform.digest()}.json"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_durably(path, transform.content())
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}", fix="free some space") from error
    return path

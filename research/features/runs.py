"""What a batch run was: its lineage, under the hash of all that it was made of.

DATA_DIR/features/runs/<run>/run.json     datasets, features, groups, code and versions; its sha256 is the run
                            /graph.txt    every node and what it reads; graph.svg where graphviz is installed
                            /fit.txt      the same of a fit
"""

import platform
from collections.abc import Collection, Mapping
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from shutil import which
from typing import TYPE_CHECKING

import msgspec

from kernel.errors import UsageError
from research.features.batch import Batch
from research.features.cache import columns_code
from service.durable import replace_durably

if TYPE_CHECKING:
    from research.features.graph import Graph

__all__ = ["store_run"]

_VERSIONS = ("candled", "apache-hamilton", "numpy", "numba")


def store_run(
    data_dir: Path, batch: Batch, off: Collection[str], further: Mapping[str, tuple["Graph", tuple[str, ...]]]
) -> Path:
    """Write the lineage of a batch, and of `further` graphs by name; where it lies.

    Errors: UsageError when it cannot be written, or graphviz fails.
    """
    content = msgspec.json.format(msgspec.json.encode(_described(batch, off)), indent=2) + b"\n"
    folder = data_dir / "features" / "runs" / sha256(content).hexdigest()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, (graph, nodes) in {"graph": (batch.graph, batch.wanted), **further}.items():
            text = "".join(f"{node}\n" for node in graph.lineage(nodes))
            replace_durably(folder / f"{name}.txt", text.encode())
            if which("dot"):
                replace_durably(folder / f"{name}.svg", graph.drawing(nodes, "svg"))
        replace_durably(folder / "run.json", content)
    except OSError as error:
        raise UsageError(f"{folder} cannot be written: {error.strerror}") from error
    return folder


def _described(batch: Batch, off: Collection[str]) -> dict[str, object]:
    features = [
        {"name": name, "group": node.declared.group, "declaration": batch.hashes[name]}
        for name, node in sorted(batch.wiring.features.items())
    ]
    markets = [
        {"dataset": m.dataset, "symbol": m.symbol, "first": int(m.block.open_time[0]), "rows": len(m.block.open_time)}
        for m in batch.markets.values()
    ]
    return {
        "schema": 1,
        "datasets": markets,
        "wanted": batch.wanted,
        "features": features,
        "groups": sorted({node.declared.group for node in batch.wiring.features.values()} - {""}),
        "off": sorted(off),
        "code": columns_code(),
        "versions": {name: version(name) for name in _VERSIONS} | {"python": platform.python_version()},
    }

"""Artifacts that research makes for the runtime: files named by their content, below the data directory."""

from pathlib import Path

from kernel.errors import NotFound
from kernel.features.transform import FittedTransform, read_transform

__all__ = ["artifacts_dir", "load_transform"]


def artifacts_dir(data_dir: Path) -> Path:
    """Where they live."""
    return data_dir / "artifacts"


def load_transform(data_dir: Path, name: str) -> FittedTransform:
    """The fitted transform whose digest begins with `name`. Errors: NotFound; CheckFailed when it was altered."""
    found = sorted(artifacts_dir(data_dir).glob(f"{name}*.json")) if name.isalnum() else []
    if len(found) != 1:
        known = ", ".join(path.stem[:12] for path in sorted(artifacts_dir(data_dir).glob("*.json"))) or "none"
        raise NotFound(f"{name!r} names {len(found)} fitted transforms in {data_dir}", fix=f"there are: {known}")
    return read_transform(found[0].read_bytes(), found[0].stem)

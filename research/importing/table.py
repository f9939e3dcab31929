"""What every reader of a format gives: named columns, still in the file's own types."""

from collections.abc import Sequence
from typing import NamedTuple

from research.importing.origin import Origin
from venues.columns import ArrowArray

__all__ = ["RawTable"]


class RawTable(NamedTuple):
    """Columns of equal length, at least one row. Text where the file has text, so that no digit is lost."""

    origin: Origin
    names: Sequence[str]
    columns: Sequence[ArrowArray]

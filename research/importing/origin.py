"""Where a row came from, so that every refusal can name the file, the row and the reason."""

from typing import NamedTuple

from kernel.errors import DataRefused

__all__ = ["Origin"]


class Origin(NamedTuple):
    """A file as the user named it, and how many lines stand before its first candle (a header)."""

    file: str
    lines_before: int = 0

    def row(self, index: int) -> str:
        """A row's name. `index` counts candles from 0, the name counts from 1 and adds the line where it differs."""
        line = f" (line {index + 1 + self.lines_before})" if self.lines_before else ""
        return f"{self.file}, row {index + 1}{line}"

    def refused(self, index: int, reason: str, *, fix: str = "") -> DataRefused:
        """The error that refuses this row."""
        return DataRefused(f"{self.row(index)}: {reason}", fix=fix)

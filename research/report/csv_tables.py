"""The tables as CSV files, one each: exact amounts, ISO times, empty where a figure is unknown."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from io import StringIO
from typing import Any, get_args

import msgspec

from research.report.figures import Costs, Figures
from research.report.wording import flattened

__all__ = ["csv_tables"]


def csv_tables(published: Mapping[str, Any]) -> dict[str, bytes]:
    """File names and contents, of the figures as `--json` prints them.

    A list of figures is a file with a row each; everything else is in `figures.csv`, a name and a value a line.
    """
    tables = {f"{name}.csv": (names, published[name]) for name, names in _lists_of(Figures)}
    tables |= {f"costs_{name}.csv": (names, published["costs"][name]) for name, names in _lists_of(Costs)}
    apart = {name.removesuffix(".csv") for name in tables}
    single = [
        line
        for part, figures in published.items()
        if part not in apart and part != "notes"
        for key, value in figures.items()
        if f"{part}_{key}" not in apart
        for line in flattened(value, f"{part}.{key}")
    ]
    files = {name: _text(names, (row.values() for row in rows)) for name, (names, rows) in tables.items()}
    return files | {"figures.csv": _text(("name", "value"), single)}


def _lists_of(part: type[msgspec.Struct]) -> Iterable[tuple[str, Sequence[str]]]:
    """The fields that are lists of structs, each with the names of those structs' own fields."""
    for field in msgspec.structs.fields(part):
        member, *_ = get_args(field.type) or (None,)
        if isinstance(member, type) and issubclass(member, msgspec.Struct):
            yield field.name, member.__struct_fields__


def _text(names: Sequence[str], rows: Iterable[Iterable[Any]]) -> bytes:
    out = StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([str(cell).lower() if isinstance(cell, bool) else cell for cell in row] for row in rows)
    return out.getvalue().encode()

"""From a file's column of times to nanoseconds since 1970, UTC.

Numbers are seconds, milli-, micro- or nanoseconds, told by their magnitude, one unit for the whole file. Text is ISO
8601; without an offset it is UTC.
"""

import re
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kernel.errors import DataRefused
from kernel.timeframe import NS_PER_SECOND, iso
from research.importing.numbers import first_true, numbers_of
from research.importing.origin import Origin
from venues.columns import ArrowArray, Units

__all__ = ["refuse_unlikely", "times_of"]


class _Unit(NamedTuple):
    name: str
    ns: int


# From 2009 to 2100 a time has 10 digits in seconds, 13 in ms, 16 in us, 19 in ns: no two units overlap.
_UNITS = (_Unit("seconds", NS_PER_SECOND), _Unit("milliseconds", 10**6), _Unit("microseconds", 10**3), _Unit("ns", 1))
_BEGINNING_NS = 1_230_768_000 * NS_PER_SECOND  # 2009: Bitcoin's first block, so no market is older
_END_NS = 4_102_444_800 * NS_PER_SECOND  # 2100

_NUMERIC = re.compile(r"([+-]?[0-9.]+([eE][+-]?[0-9]+)?)?")
_HAS_OFFSET = r"[T ].*(Z|[+-][0-9]{2}(:?[0-9]{2})?)$"


def times_of(column: ArrowArray, name: str, origin: Origin) -> Units:
    """The column's times, int64 ns UTC. Errors: DataRefused naming the first row that holds no time."""
    if column.null_count:
        raise origin.refused(first_true(pc.is_null(column)), f"{name} is empty")
    kind = column.type
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return _from_timestamps(column, name, origin)
    if pa.types.is_string(kind) and not _NUMERIC.fullmatch(column[0].as_py().strip()):
        return _from_iso(column, name, origin)
    return _from_numbers(column, name, origin)


def refuse_unlikely(times: Units, now_ns: int, origin: Origin) -> None:
    """Errors: DataRefused for a candle that opens before 2009 or in the future."""
    unlikely = (times < _BEGINNING_NS) | (times > now_ns)
    if unlikely.any():
        row = int(unlikely.argmax())
        when = "in the future" if times[row] > now_ns else "before 2009, when there was no such market"
        raise origin.refused(row, f"opens at {iso(int(times[row]))}, {when}", fix="check the unit of the times")


def _from_timestamps(column: ArrowArray, name: str, origin: Origin) -> Units:
    zone = column.type.tz if pa.types.is_timestamp(column.type) else None
    try:
        nanoseconds: Units = column.cast(pa.timestamp("ns", zone)).cast(pa.int64()).to_numpy(zero_copy_only=False)
    except pa.ArrowInvalid as error:
        raise DataRefused(f"{origin.file}: {name} holds a time out of range: {error}") from error
    return nanoseconds


def _from_numbers(column: ArrowArray, name: str, origin: Origin) -> Units:
    numbers = numbers_of(column, name, origin)
    scale = 10**numbers.decimals
    first = int(numbers.units[0])
    unit = next((u for u in _UNITS if _BEGINNING_NS <= first * u.ns // scale < _END_NS), None)
    if unit is None:
        raise origin.refused(0, f"{name} is {column[0].as_py()}, which is no time since 2009 in s, ms, us or ns")
    lowest, highest = (-(-bound * scale // unit.ns) for bound in (_BEGINNING_NS, _END_NS))
    beyond = (numbers.units < lowest) | (numbers.units >= highest)
    if np.any(beyond):
        row = int(np.argmax(beyond))
        reason = f"{name} is {column[row].as_py()}, no time since 2009 in {unit.name}, the unit of the file's first row"
        raise origin.refused(row, reason, fix="one file must keep to one unit: split it")
    nanoseconds = numbers.units.astype(object) * unit.ns if scale > 1 else numbers.units * unit.ns
    if np.any(nanoseconds % scale):
        row = int(np.argmax(nanoseconds % scale != 0))
        raise origin.refused(row, f"{name} is {column[row].as_py()}, finer than a nanosecond")
    exact: Units = (nanoseconds // scale).astype(np.int64)
    return exact


def _from_iso(column: ArrowArray, name: str, origin: Origin) -> Units:
    texts = pc.replace_substring_regex(pc.utf8_trim_whitespace(column), " ?UTC$", "Z")
    with_offset = pc.match_substring_regex(texts, _HAS_OFFSET)
    first = with_offset[0].as_py()
    if pc.any(with_offset).as_py() != pc.all(with_offset).as_py():
        row = first_true(pc.invert(with_offset) if first else with_offset)
        reason = f"{name} is {column[row].as_py()!r}, {'without' if first else 'with'} an offset from UTC"
        raise origin.refused(row, f"{reason}; the file's first time is {'with' if first else 'without'} one")
    kind = pa.timestamp("ns", "UTC" if first else None)
    try:
        nanoseconds: Units = texts.cast(kind).cast(pa.int64()).to_numpy(zero_copy_only=False)
    except pa.ArrowInvalid:
        row = next(row for row in range(len(texts)) if not _is_time(texts.slice(row, 1), kind))
        fix = "write times as 2022-06-13T14:00Z, or as a number since 1970"
        raise origin.refused(row, f"{name} is {column[row].as_py()!r}, which is no time", fix=fix) from None
    return nanoseconds


def _is_time(text: ArrowArray, kind: pa.DataType) -> bool:
    try:
        text.cast(kind)
    except pa.ArrowInvalid:
        return False
    return True

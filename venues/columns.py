"""Columns of exact numbers: scaled integers in numpy, their storage in Arrow, their canonical text.

A run reads its columns through this file, so it does nothing here that makes Arrow import pandas (a scalar, to_numpy).

The rule: a number is `units` times 10**-decimals. A column is int64 where all its units fit, else an object array of
Python ints, which Arrow keeps as decimal128(38, 0). Nothing here passes through a float.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from kernel.money import canonical_text, from_units

__all__ = [
    "MAX_DIGITS",
    "Units",
    "as_arrow",
    "as_units",
    "canonical_texts",
    "narrowed",
    "rescaled",
    "smallest_decimals",
]

ArrowArray = Any  # pyarrow's type stubs refuse calls that mix arrays and scalars
Units = npt.NDArray[Any]  # int64, or object holding Python ints

MAX_DIGITS = 38  # what decimal128 holds
_WIDE = pa.decimal128(MAX_DIGITS, 0)
_INT64_MIN = -(2**63)  # left out of the narrow columns, so that any sign can be turned
_INT64_DECIMALS = 18  # 10**18 is the largest power of ten in an int64


def as_arrow(units: Units) -> ArrowArray:
    """The column as Arrow keeps it. Errors: ValueError for a number of more than 38 digits."""
    if units.dtype != object:
        return pa.array(units, type=pa.int64())
    if any(abs(value) >= 10**MAX_DIGITS for value in units):
        raise ValueError(f"a number has more than {MAX_DIGITS} digits")
    halves = np.empty((len(units), 2), dtype="<u8")
    halves[:, 0] = units & (2**64 - 1)
    halves[:, 1] = (units >> 64) & (2**64 - 1)
    return pa.Array.from_buffers(_WIDE, len(units), [None, pa.py_buffer(halves.tobytes())])


def as_units(array: ArrowArray) -> Units:
    """The integers of an Arrow column without nulls: int64, or decimal128 with its scale left aside."""
    if not pa.types.is_decimal128(array.type):
        plain: Units = np.frombuffer(array.buffers()[1], dtype="<i8")[array.offset :][: len(array)]
        return plain
    halves: Units = np.frombuffer(array.buffers()[1], dtype="<i8")[2 * array.offset :][: 2 * len(array)].reshape(-1, 2)
    low, high = halves[:, 0], halves[:, 1]
    if np.array_equal(high, low >> 63) and not np.any(low == _INT64_MIN):
        return low.copy()
    wide: Units = (high.astype(object) << 64) | low.view("<u8").astype(object)
    return wide


def narrowed(units: Units) -> Units:
    """The column as int64 where every number fits."""
    if units.dtype == object and all(_INT64_MIN < value < 2**63 for value in units):
        return units.astype(np.int64)
    return units


def smallest_decimals(units: Units, decimals: int) -> int:
    """The smallest number of decimals that still writes every value of the column exactly."""
    low, high = 0, decimals  # how many zeros every value ends with
    while low < high:
        middle = (low + high + 1) // 2
        divisor = 10**middle
        plain = units if middle <= _INT64_DECIMALS else units.astype(object)
        low, high = (middle, high) if not np.any(plain % divisor) else (low, middle - 1)
    return decimals - low


def rescaled(units: Units, decimals: int, target: int) -> Units:
    """The same values in units of 10**-target, which must be able to write them."""
    if target == decimals:
        return units
    if target < decimals:
        factor = 10 ** (decimals - target)
        plain = units if factor < 2**63 else units.astype(object)
        return narrowed(plain // factor)
    return narrowed(units.astype(object) * 10 ** (target - decimals))


def canonical_texts(units: Units, decimals: int) -> ArrowArray:
    """Every number's one canonical text, as `kernel.money.canonical_text` writes it."""
    import pyarrow.compute as pc

    if units.dtype == object or decimals > _INT64_DECIMALS:
        return pa.array([canonical_text(from_units(value, decimals)) for value in units.tolist()], type=pa.string())
    if decimals == 0:
        return pa.array(units).cast(pa.string())
    whole, fraction = np.divmod(np.abs(units), 10**decimals)
    digits: ArrowArray = pc.ascii_rtrim(pc.ascii_lpad(pa.array(fraction).cast(pa.string()), decimals, "0"), "0")
    dot: ArrowArray = pc.if_else(pc.equal(digits, pa.scalar("")), "", ".")
    sign = pc.if_else(pa.array(units < 0), "-", "")
    return pc.binary_join_element_wise(sign, pa.array(whole).cast(pa.string()), dot, digits, "")

"""From a file's column to exact numbers. Text is read digit by digit and never passes through a float.

A float column (Feather, Parquet) means the shortest decimal text that reads back as the same float, which is what a
person sees when the number is printed.
"""

from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kernel.money import plain_text
from research.importing.candles import Numbers
from research.importing.origin import Origin
from venues.columns import MAX_DIGITS, ArrowArray, Units, as_units, narrowed

__all__ = ["first_true", "numbers_of"]

_NUMBER = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?$"
_WIDEST_SHIFT = 2 * MAX_DIGITS  # an exponent beyond this leaves more digits than can be kept


def numbers_of(column: ArrowArray, name: str, origin: Origin) -> Numbers:
    """The column's exact numbers. Errors: DataRefused naming the first row that holds no finite number."""
    if column.null_count:
        raise origin.refused(first_true(pc.is_null(column)), f"{name} is empty")
    kind = column.type
    if pa.types.is_decimal(kind) and kind.bit_width <= pa.decimal128(1).bit_width and kind.scale >= 0:
        return Numbers(as_units(column.cast(pa.decimal128(MAX_DIGITS, kind.scale))), kind.scale)
    if pa.types.is_integer(kind) and kind != pa.uint64():
        return Numbers(column.cast(pa.int64()).to_numpy(zero_copy_only=False), 0)
    if pa.types.is_string(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind) or kind == pa.uint64():
        return _from_text(column.cast(pa.string()), name, origin)
    raise origin.refused(0, f"{name} is of type {kind}, which is no number")


def first_true(flags: ArrowArray) -> int:
    """The index of the first true value, which must exist."""
    return int(np.argmax(flags.to_numpy(zero_copy_only=False)))


def _from_text(texts: ArrowArray, name: str, origin: Origin) -> Numbers:
    texts = pc.utf8_trim_whitespace(texts)
    is_number: ArrowArray = pc.match_substring_regex(texts, _NUMBER)
    if not pc.all(is_number).as_py():
        row = first_true(pc.invert(is_number))
        found = texts[row].as_py()
        raise origin.refused(row, f"{name} is {f'{found!r}, not a finite number' if found else 'empty'}")
    texts = _without_exponents(texts, name, origin)
    decimals = _decimals(texts)
    if decimals <= MAX_DIGITS:
        try:
            return Numbers(as_units(texts.cast(pa.decimal128(MAX_DIGITS, decimals))), decimals)
        except pa.ArrowInvalid:
            pass  # some row has many digits before the point, or too many after it: the slow way tells
    return Numbers(_slowly(texts, decimals, name, origin), decimals)


def _without_exponents(texts: ArrowArray, name: str, origin: Origin) -> ArrowArray:
    """1e-7 becomes 0.0000001. Exponents are rare, so these rows are rewritten one by one."""
    has_exponent: ArrowArray = pc.match_substring_regex(texts, "[eE]")
    if not pc.any(has_exponent).as_py():
        return texts
    rewritten = texts.to_pylist()
    for row in np.flatnonzero(has_exponent.to_numpy(zero_copy_only=False)).tolist():
        number = Decimal(rewritten[row])
        if abs(number.adjusted()) > _WIDEST_SHIFT:
            raise origin.refused(row, f"{name} is {rewritten[row]}, which takes more than {MAX_DIGITS} digits")
        rewritten[row] = plain_text(number)
    return pa.array(rewritten, type=pa.string())


def _decimals(texts: ArrowArray) -> int:
    """The most digits after the point in any row, zeros at the end not counted."""
    point, length = (
        np.asarray(figures) for figures in (pc.find_substring(texts, "."), pc.binary_length(pc.ascii_rtrim(texts, "0")))
    )
    return int(np.where(point < 0, 0, length - point - 1).max())


def _slowly(texts: ArrowArray, decimals: int, name: str, origin: Origin) -> Units:
    """The units of plain decimals, row by row. Errors: DataRefused naming the first row of more than 38 digits."""
    units = np.empty(len(texts), dtype=object)
    for row, text in enumerate(texts.to_pylist()):
        whole, _, fraction = text.lstrip("+-0").partition(".")
        fraction = fraction.rstrip("0")
        if len(whole + fraction) > MAX_DIGITS:
            raise origin.refused(row, f"{name} is {text}, which takes more than {MAX_DIGITS} digits")
        magnitude = int(whole + fraction.ljust(decimals, "0") or "0")
        units[row] = -magnitude if text.startswith("-") else magnitude
    return narrowed(units)

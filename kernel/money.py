"""Exact money. Sums and products go through a private decimal context that traps any loss of a digit.

Rule of this file: no arithmetic operator on a `Decimal` outside it. Operators (and unary minus, `abs`, `round`) use the
ambient context, which other libraries change under us; the functions here never read it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import (
    ROUND_05UP,
    ROUND_HALF_EVEN,
    Context,
    Decimal,
    DivisionByZero,
    Inexact,
    InvalidOperation,
    Overflow,
    getcontext,
    setcontext,
)
from math import isfinite

__all__ = [
    "ZERO",
    "add",
    "canonical_text",
    "divide",
    "from_float",
    "from_units",
    "is_multiple",
    "multiply",
    "negative",
    "parse",
    "pinned",
    "plain_text",
    "quotient",
    "round_down_to",
    "round_up_to",
    "sign",
    "subtract",
    "total",
    "toward_zero_to",
]  # fmt: skip

_DIGITS = 120  # a price and a quantity of 38 digits each, times a rate of 20, still fit: what a dataset may hold
_TRAPS = [InvalidOperation, DivisionByZero, Overflow]
_EXACT = Context(prec=_DIGITS, rounding=ROUND_HALF_EVEN, capitals=1, traps=[*_TRAPS, Inexact])
# ROUND_05UP with digits to spare tells "a little over a half" from "a half", so that rounding again is right.
_ROUNDING = Context(prec=_DIGITS + 2, rounding=ROUND_05UP, capitals=1, traps=_TRAPS)

_NINE_DECIMALS = Decimal("1E-9")
_EIGHTEENTH = Decimal("1E-18")

ZERO = Decimal(0)
_ONE = Decimal(1)

add = _EXACT.add
subtract = _EXACT.subtract
multiply = _EXACT.multiply
negative = Decimal.copy_negate
_scaleb = _EXACT.scaleb


def parse(text: str) -> Decimal:
    """The exact decimal written in `text`. Errors: ValueError when it is not a finite number."""
    try:
        value = Decimal(text) if _is_number(text) else None
    except InvalidOperation:
        value = None
    if value is None or not value.is_finite():
        raise ValueError(f"{text!r} is not a finite decimal number")
    return value


def _is_number(text: str) -> bool:
    return text.isascii() and "_" not in text and text.strip() == text


def from_units(units: int, decimals: int) -> Decimal:
    """A scaled integer as money: `from_units(4200001, 2)` is 42000.01."""
    return _scaleb(units, -decimals)


def divide(dividend: Decimal, divisor: Decimal, unit: Decimal) -> Decimal:
    """The quotient rounded half-even to a multiple of `unit`, which must be a power of ten."""
    return _ROUNDING.divide(dividend, divisor).quantize(unit, ROUND_HALF_EVEN, _ROUNDING)


def from_float(value: float) -> Decimal:
    """A finite float as money: the shortest decimal that reads as it, rounded half-even to nine decimals.

    Errors: ValueError for one that is not finite.
    """
    if not isfinite(value):
        raise ValueError(f"{value} is not a finite number")
    return Decimal(repr(value)).quantize(_NINE_DECIMALS, ROUND_HALF_EVEN, _ROUNDING)


def quotient(dividend: Decimal, divisor: Decimal) -> Decimal:
    """The quotient of two positive numbers, rounded down to 18 decimals."""
    return _EXACT.multiply(_EXACT.divide_int(_EXACT.scaleb(dividend, 18), divisor), _EIGHTEENTH)


def round_down_to(step: Decimal, value: Decimal) -> Decimal:
    """The largest multiple of `step` that is not above `value`."""
    steps, rest = _EXACT.divmod(value, step)
    return multiply(subtract(steps, _ONE) if rest < ZERO else steps, step)


def round_up_to(step: Decimal, value: Decimal) -> Decimal:
    """The smallest multiple of `step` that is not below `value`."""
    steps, rest = _EXACT.divmod(value, step)
    return multiply(add(steps, _ONE) if rest > ZERO else steps, step)


def toward_zero_to(step: Decimal, value: Decimal) -> Decimal:
    """The multiple of `step` nearest to `value` that is no further from zero."""
    rest = _EXACT.remainder(value, step)
    return value if rest == ZERO else subtract(value, rest)


def is_multiple(step: Decimal, value: Decimal) -> bool:
    """Whether `value` is a whole number of `step`s."""
    return _EXACT.remainder(value, step) == ZERO


def total(values: Iterator[Decimal]) -> Decimal:
    """The exact sum."""
    result = ZERO
    for value in values:
        result = add(result, value)
    return result


def sign(value: Decimal) -> int:
    """1, 0 or -1."""
    return 1 if value > ZERO else -1 if value < ZERO else 0


def plain_text(value: Decimal) -> str:
    """Every digit, no exponent, trailing zeros kept: `Decimal("1E+2")` is 100."""
    return format(value, "f")


def canonical_text(value: Decimal) -> str:
    """The one shortest text of a number: no exponent, no trailing zeros, no negative zero."""
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


@contextmanager
def pinned() -> Iterator[None]:
    """Make a copy of the pinned context the ambient one, for code that must print a Decimal its own way."""
    before = getcontext()
    setcontext(_EXACT.copy())
    try:
        yield
    finally:
        setcontext(before)

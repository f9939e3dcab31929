"""Money against fractions, which round nothing; and everything against an ambient decimal context gone bad."""

import decimal
from contextlib import contextmanager
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor, trunc

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from kernel.money import (
    add,
    canonical_text,
    divide,
    from_units,
    is_multiple,
    multiply,
    parse,
    pinned,
    plain_text,
    round_down_to,
    round_up_to,
    sign,
    subtract,
    total,
    toward_zero_to,
)  # fmt: skip
from tests.kernel.drawn import markets
from tests.kernel.given import BTC, CROSS, ETH, OBEDIENT, REVERSION, account, candles, opened, run, turned
from venues.simulated import SimulatedVenue
from venues.simulation import SimulatedVenueConfig

amounts = st.builds(from_units, st.integers(-(10**20), 10**20), st.integers(0, 9))
steps = st.builds(from_units, st.integers(1, 10**6), st.integers(0, 9))
wide = st.decimals(allow_nan=False, allow_infinity=False, places=30, min_value=-(10**25), max_value=10**25)


@given(amounts, amounts, st.lists(amounts, max_size=5))
def test_sums_and_products_are_exact(a, b, more):
    assert Fraction(add(a, b)) == Fraction(a) + Fraction(b)
    assert Fraction(subtract(a, b)) == Fraction(a) - Fraction(b)
    assert Fraction(multiply(a, b)) == Fraction(a) * Fraction(b)
    assert Fraction(total(iter(more))) == sum(map(Fraction, more))
    assert sign(a) == (a > 0) - (a < 0)


def test_a_digit_that_does_not_fit_is_an_error_and_not_a_rounding():
    with pytest.raises(decimal.Inexact):
        add(Decimal("1E+70"), Decimal("1E-70"))
    with pytest.raises(decimal.Inexact):
        multiply(Decimal("1." + 70 * "1"), Decimal("1." + 70 * "3"))


@given(steps, wide)
def test_rounding_to_a_step(step, value):
    whole = Fraction(value) / Fraction(step)
    assert Fraction(round_down_to(step, value)) == floor(whole) * Fraction(step)
    assert Fraction(round_up_to(step, value)) == ceil(whole) * Fraction(step)
    assert Fraction(toward_zero_to(step, value)) == trunc(whole) * Fraction(step)
    assert is_multiple(step, value) == (whole.denominator == 1)


def test_a_hair_below_a_step_is_below_it():
    # the quotient has one digit more than fit: rounded, it would be a whole 2
    step, value = Decimal(5), Decimal("9." + 59 * "9")
    assert round_down_to(step, value) < value < round_up_to(step, value)
    assert not is_multiple(step, value)


@given(wide, steps, st.integers(0, 18))
def test_a_quotient_is_rounded_once_and_half_to_even(dividend, divisor, places):
    exact = Fraction(dividend) / Fraction(divisor) * 10**places
    assert Fraction(divide(dividend, divisor, from_units(1, places))) == Fraction(round(exact), 10**places)


def test_a_little_more_than_a_half_is_rounded_up():
    half = Decimal("0.5" + 70 * "0" + "1")
    assert divide(half, Decimal(1), Decimal(1)) == 1
    assert divide(Decimal("0.5"), Decimal(1), Decimal(1)) == 0


@given(st.one_of(amounts, wide, st.decimals(allow_nan=False, allow_infinity=False, min_value=-1e9, max_value=1e9)))
def test_text_and_back(value):
    text = canonical_text(value)
    assert parse(text) == parse(plain_text(value)) == value
    assert canonical_text(parse(text)) == text
    assert not set(text) & set("eE+")
    assert not text.startswith("-0") or value < 0
    assert "." not in text or not text.endswith(("0", "."))


@given(amounts, st.integers(0, 6))
def test_equal_numbers_have_one_canonical_text(value, zeros):
    longer = Decimal(plain_text(value) + ("." if "." not in plain_text(value) else "") + "0" * zeros)
    assert canonical_text(longer) == canonical_text(value)


@pytest.mark.parametrize("text", ["0", "-0", "0.00", "-0.000", "0E-9", "-0E+5"])
def test_zero_has_one_text(text):
    assert canonical_text(Decimal(text)) == "0"


@pytest.mark.parametrize("text", ["", " 1", "1 ", "1_000", "NaN", "-Infinity", "sNaN", "0x1", "1e", "١", "1,5"])
def test_what_is_not_a_number_is_refused(text):
    with pytest.raises(ValueError, match="not a finite decimal number"):
        parse(text)


# From here on: a library has changed the ambient context under us.


@contextmanager
def hostile():
    """As bad as it gets: few digits, another rounding, small letters, no floats, and every signal an exception."""
    bad = decimal.Context(prec=3, rounding=decimal.ROUND_UP, Emin=-5, Emax=5, capitals=0, clamp=1)
    bad.traps = dict.fromkeys(bad.traps, True)
    with decimal.localcontext(bad):
        yield


@contextmanager
def after_ccxt():
    """As ccxt leaves it: rounding and a trap are changed by the formatting of any amount."""
    ccxt = pytest.importorskip("ccxt", reason="ccxt is not installed (the extra `live`)")
    from ccxt.base.decimal_to_precision import TICK_SIZE, decimal_to_precision

    with decimal.localcontext():
        decimal_to_precision("0.125", ccxt.ROUND, "0.01", TICK_SIZE)
        assert decimal.getcontext().rounding == decimal.ROUND_HALF_UP, "ccxt leaves the context alone by now"
        yield


AMBIENT = pytest.mark.parametrize("ambient", [hostile, after_ccxt])


def arithmetic(a, b, step):
    return [
        *(str(operate(a, b).as_tuple()) for operate in (add, subtract, multiply)),
        *(str(round_to(step, a).as_tuple()) for round_to in (round_down_to, round_up_to, toward_zero_to)),
        str(divide(a, step, Decimal("1E-18")).as_tuple()),
        is_multiple(step, a), canonical_text(a), plain_text(a), str(parse(plain_text(a)).as_tuple()),
        str(total(iter([a, b])).as_tuple()), sign(a),
    ]  # fmt: skip


@AMBIENT
@given(a=amounts, b=amounts, step=steps)
def test_the_ambient_context_changes_no_amount(ambient, a, b, step):
    expected = arithmetic(a, b, step)
    with ambient():
        assert arithmetic(a, b, step) == expected


@AMBIENT
@given(markets(BTC, ETH))
def test_the_ambient_context_changes_no_session(ambient, market):
    """Bytes of the log, decisions and state; both fills; refusals of risk too, whose details print amounts."""
    for strategy in (OBEDIENT, CROSS, REVERSION):
        for fill in ("same_close", "next_open"):
            plain = run(strategy, market, BTC, ETH, fill=fill)
            with ambient():
                again = run(strategy, market, BTC, ETH, fill=fill)
                fingerprint = again.kernel.fingerprint()
            assert again.records == plain.records
            assert again.digest == plain.digest
            assert fingerprint == plain.kernel.fingerprint()


@AMBIENT
def test_the_ambient_context_changes_no_snapshot_of_an_amount_with_an_exponent(ambient):
    poor = opened(cash=Decimal("1.0E+3"))
    refused = turned(poor, candles([500_01, 500_03]))
    expected = poor.snapshot()
    venue = SimulatedVenue(SimulatedVenueConfig(), [BTC], account(cash=Decimal("1.0E+3")))
    expected_of_venue = venue.snapshot()
    with ambient():
        same = opened(cash=Decimal("1.0E+3"))
        assert turned(same, candles([500_01, 500_03])) == refused
        assert same.snapshot() == expected
        same.restore(expected)
        assert same.snapshot() == expected
        venue.restore(expected_of_venue)
        assert venue.snapshot() == expected_of_venue


def test_pinned_gives_the_ambient_context_back_even_when_it_is_left_by_an_error():
    before = decimal.getcontext()
    with pytest.raises(decimal.Inexact), pinned():
        Decimal(1) / Decimal(3)
    assert decimal.getcontext() is before


@given(st.integers(), st.integers(0, 30))
def test_a_scaled_integer_is_exactly_its_amount(units, decimals):
    assume(abs(units) < 10**60)
    assert Fraction(from_units(units, decimals)) == Fraction(units, 10**decimals)

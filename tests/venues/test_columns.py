"""Columns of exact numbers: storage and text lose nothing, at any width."""

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.money import canonical_text, from_units
from venues.columns import as_arrow, as_units, canonical_texts, narrowed, rescaled, smallest_decimals

INTEGERS = st.one_of(st.integers(-1000, 1000), st.integers(-(2**65), 2**65), st.integers(-(10**38) + 1, 10**38 - 1))
COLUMNS = st.lists(INTEGERS, min_size=1, max_size=20).map(lambda values: narrowed(np.array(values, dtype=object)))


@given(COLUMNS)
def test_arrow_gives_back_what_it_was_given(units):
    stored = as_arrow(units)
    assert as_units(stored).tolist() == units.tolist()
    assert as_units(stored.slice(1)).tolist() == units.tolist()[1:]


@given(COLUMNS, st.integers(0, 30))
def test_the_text_of_a_column_is_the_text_of_each_number(units, decimals):
    expected = [canonical_text(from_units(value, decimals)) for value in units.tolist()]
    assert canonical_texts(units, decimals).to_pylist() == expected


@given(COLUMNS, st.integers(0, 30), st.integers(0, 5))
def test_the_smallest_decimals_write_every_value_and_no_smaller_do(units, decimals, zeros):
    values = (
        [Decimal(value).scaleb(-decimals) for value in units.tolist()]
        if max(map(abs, units.tolist())) < 10**20
        else None
    )
    padded = narrowed(units.astype(object) * 10**zeros)
    smallest = smallest_decimals(padded, decimals + zeros)
    assert (
        rescaled(rescaled(padded, decimals + zeros, smallest), smallest, decimals + zeros).tolist() == padded.tolist()
    )
    assert smallest == 0 or any(value % 10 for value in rescaled(padded, decimals + zeros, smallest).tolist())
    if values is not None:
        digits = [max(0, -value.normalize().as_tuple().exponent) if value else 0 for value in values]
        assert smallest == max(digits)


def test_39_digits_do_not_fit():
    with pytest.raises(ValueError, match="38 digits"):
        as_arrow(np.array([10**38], dtype=object))

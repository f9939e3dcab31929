"""Chance is a function, spread evenly, and what is drawn for changes all of it."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from venues.matching.chance import DRAWS, draw

numbers = st.integers(0, 2**63)


@given(numbers, st.lists(numbers, max_size=3))
def test_a_draw_depends_on_nothing_else(seed, parts):
    assert draw(seed, *parts) == draw(seed, *parts)
    assert 0 <= draw(seed, *parts) < DRAWS


def test_draws_are_spread_evenly():
    counts = Counter(draw(0, order, 60) * 10 // DRAWS for order in range(20_000))
    assert len(counts) == 10
    assert all(1_800 < count < 2_200 for count in counts.values())


def test_parts_do_not_run_into_each_other():
    assert len({draw(1, 23), draw(12, 3), draw(1, 2, 3), draw(123)}) == 4

"""The simulated venue against a slow and obvious one that was written from the same description, by somebody else.

`python -m tests.venues.reference` does the same with as many cases as one likes.
"""

from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from kernel.messages import OrderFilled
from tests.campaign import sample
from tests.venues.reference.compare import difference, shown, smallest
from tests.venues.reference.desks import BlockDesk, ReferenceDesk, SimulatedDesk
from tests.venues.reference.drawn import drawn_case

SLOW = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example)


@settings(max_examples=sample(150), deadline=None, suppress_health_check=SLOW)
@given(st.randoms(use_true_random=False))
def test_the_venue_does_what_the_reference_does(random):
    case = drawn_case(random)
    assert difference(case) is None, shown(case)


@pytest.mark.parametrize("desk", [SimulatedDesk, BlockDesk])
@pytest.mark.parametrize("seed", range(4))
def test_it_does_so_in_cases_that_are_the_same_every_day(seed, desk):
    for n in range(sample(60)):
        case = drawn_case(Random(f"ci {seed}:{n}"))
        assert difference(case, desk) is None, shown(smallest(case, desk))


# The comparison itself can fail: venues with a fault are found, and so is the fault.


class TouchesFill(ReferenceDesk):
    def touches(self, number, open_time):
        return True


class SpendsFreely(ReferenceDesk):
    def enter(self, order, last):
        refused = super().enter(order, last)
        return None if refused == "insufficient_balance" else refused


class NeverInDoubt(ReferenceDesk):
    def candle(self, message):
        return [replace(r, ambiguous=False) if isinstance(r, OrderFilled) else r for r in super().candle(message)]


@pytest.mark.parametrize("faulty", [TouchesFill, SpendsFreely, NeverInDoubt])
def test_a_fault_is_found_and_made_small(faulty):
    cases = (drawn_case(Random(n)) for n in range(2000))
    case = smallest(next(case for case in cases if difference(case, faulty) is not None), faulty)
    assert difference(case, faulty) is not None
    assert len(case.steps) <= 8, shown(case)
